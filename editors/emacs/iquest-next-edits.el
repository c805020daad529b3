;;; iquest-next-edits.el --- What the edits just made ask for elsewhere  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; `iquest-mode' loads this.  One edit is shown at a time: the old text struck,
;; the new one behind it, the reason, and how many come after it.  TAB goes
;; there, and takes it where point is on its line; C-g puts it away.  The keys
;; mean this only while one is shown.  `iquest-next-edits' lists all of them, and
;; lines to look at, where what to write cannot be told.

;;; Code:

(require 'cl-lib)
(require 'iquest)

(defcustom iquest-next-edits-idle-delay 0.25
  "Seconds without a key before the next edit is asked for; nil to show none."
  :type '(choice number (const nil))
  :group 'iquest)

(defface iquest-old '((t :inherit shadow :strike-through t))
  "What the next edit takes away."
  :group 'iquest)

(defface iquest-new '((t :inherit success))
  "What the next edit puts in."
  :group 'iquest)

(defvar iquest--next nil
  "The edit that is shown, as a property list; see `iquest--next-show'.")
(defvar iquest--next-timer nil)
(defvar-local iquest--next-tick 0 "The state of the text after the last command.")
(defvar-local iquest--edited nil "Whether there was an edit.")

(defvar iquest-next-edit-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "TAB") #'iquest-next-edit-go)
    (define-key map (kbd "<tab>") #'iquest-next-edit-go)
    (define-key map (kbd "C-g") #'iquest-next-edit-dismiss)
    map)
  "Keys while a next edit is shown.")

(define-minor-mode iquest-next-edit-mode
  "On while a next edit is shown, so that its keys mean something then."
  :lighter nil
  :keymap iquest-next-edit-map)

;;;; What is shown

(defun iquest--next-clear ()
  "Take the next edit off the screen."
  (when iquest--next-timer (cancel-timer iquest--next-timer) (setq iquest--next-timer nil))
  (let ((now iquest--next))
    (setq iquest--next nil)
    (mapc #'delete-overlay (plist-get now :overlays))
    (when (buffer-live-p (plist-get now :buffer))
      (with-current-buffer (plist-get now :buffer) (iquest-next-edit-mode -1)))))

(defun iquest--next-file (item)
  "The file of ITEM."
  (iquest--file (plist-get (plist-get item :textDocument) :uri)))

(defun iquest--next-name (item)
  "What the file of ITEM is called in its project, with its line."
  (format "%s:%d" (file-relative-name (iquest--next-file item) (iquest--root))
          (1+ (plist-get (plist-get (plist-get item :range) :start) :line))))

(defun iquest--next-bounds (item counter)
  "Start and end of ITEM in this buffer, its columns as COUNTER tells them.
Nil where another text stands there."
  (let* ((range (plist-get item :range))
         (start (iquest--point-at (plist-get range :start) counter))
         (end (iquest--point-at (plist-get range :end) counter)))
    (when (save-restriction (widen) (equal (buffer-substring-no-properties start end) (plist-get item :old)))
      (cons start end))))

(defun iquest--next-note (position text)
  "An overlay that shows TEXT at POSITION."
  (let ((overlay (make-overlay position position)))
    (overlay-put overlay 'after-string text)
    overlay))

(defun iquest--next-in-sight (buffer item)
  "Whether the line of ITEM in BUFFER is on the screen."
  (with-current-buffer buffer
    (let ((start (iquest--point-at (plist-get (plist-get item :range) :start))))
      (seq-some (lambda (window) (<= (window-start window) start (window-end window t)))
                (get-buffer-window-list buffer nil 'visible)))))

(defun iquest--next-draw-there (item more counter)
  "Overlays for ITEM in this buffer, MORE and its reason being said behind it.
Its columns are as COUNTER tells them.  Nil where another text stands there."
  (pcase (iquest--next-bounds item counter)
    (`(,start . ,end)
     (let* ((text (plist-get item :text))
            ;; The count first: a narrow window cuts the end off.
            (about (propertize (format "%s  %s" more (plist-get item :reason)) 'face 'shadow))
            ;; Told apart without colours too: by the arrow.
            (new (concat (and (< start end) (propertize "→" 'face 'shadow)) (propertize text 'face 'iquest-new)))
            (old (make-overlay start end))
            (line-end (save-excursion (goto-char end) (line-end-position))))
       (overlay-put old 'face 'iquest-old)
       (overlay-put old 'before-string (propertize "»" 'display '(left-fringe right-triangle iquest-new)))
       (overlay-put old 'after-string (cond ((string-suffix-p "\n" text) (concat (substring new 0 -1) about "\n"))
                                            ((= end line-end) (concat new about))
                                            (t new)))
       (cons old (unless (or (string-suffix-p "\n" text) (= end line-end))
                   (list (iquest--next-note line-end about))))))))

(defun iquest--next-draw (item rest counter)
  "Overlays for ITEM, REST others coming after it; nil where it fits no more.
Its columns are as COUNTER tells them."
  (let* ((buffer (find-buffer-visiting (iquest--next-file item)))
         (more (if (> rest 0) (format "  +%d more" rest) ""))
         (there (and buffer (with-current-buffer buffer (iquest--next-draw-there item more counter)))))
    (cond ((and there (iquest--next-in-sight buffer item)) there)
          ((or there (not buffer)) ; where it is, is said at point
           (cons (iquest--next-note (line-end-position)
                                    (propertize (format "  next: %s%s" (iquest--next-name item) more) 'face 'shadow))
                 there)))))

(defun iquest--next-show (item rest counter)
  "Show ITEM, asked for in this buffer; REST others come after it.
Its columns are as COUNTER tells them."
  (iquest--next-clear)
  (let ((overlays (iquest--next-draw item rest counter)))
    (when overlays
      (setq iquest--next (list :item item :rest rest :counter counter :overlays overlays
                               :buffer (current-buffer) :tick (buffer-chars-modified-tick)))
      (iquest-next-edit-mode 1))))

;;;; Asking

(defun iquest--next-ask (done &rest more)
  "Ask what the edits ask for, with the parameters MORE.
Call DONE with the answer, unless the text is another by then."
  (let ((tick (buffer-chars-modified-tick)))
    (iquest--ask "iquest/nextEdits" (append (iquest--here) more)
                 (lambda (answer) (when (= tick (buffer-chars-modified-tick)) (funcall done answer)))
                 #'ignore)))

(defun iquest--next-request ()
  "Show the next edit, unless something else is suggested."
  (when (and iquest-mode buffer-file-name (not iquest--shown) (eq (current-buffer) (window-buffer (selected-window))))
    (iquest--next-ask
     (lambda (answer)
       (let ((items (plist-get answer :items)))
         (when (and (not iquest--shown) (> (length items) 0) (eq (current-buffer) (window-buffer (selected-window))))
           (iquest--next-show (aref items 0) (1- (length items)) (iquest--counter))))))))

(defun iquest--next-soon ()
  "Ask for the next edit after a moment without keys."
  (when iquest--next-timer (cancel-timer iquest--next-timer))
  (let ((buffer (current-buffer)))
    (when iquest-next-edits-idle-delay
      (setq iquest--next-timer
            (run-with-timer iquest-next-edits-idle-delay nil
                            (lambda ()
                              (when (buffer-live-p buffer) (with-current-buffer buffer (iquest--next-request)))))))))

(defun iquest--next-after-command ()
  "Follow what is edited, and ask what it asks for.
What took the server longer than it waits is there when point moves."
  (let ((changed (/= iquest--next-tick (buffer-chars-modified-tick))))
    (setq iquest--next-tick (buffer-chars-modified-tick))
    (when changed (setq iquest--edited t))
    (unless (string-prefix-p "iquest-next-edit" (format "%s" this-command))
      (when (and iquest--next (or changed (not (eq (current-buffer) (plist-get iquest--next :buffer)))))
        (iquest--next-clear))
      (when (and iquest--edited (not iquest--next))
        (iquest--next-soon)))))

(defun iquest--next-aside ()
  "Make room for what is suggested at point."
  (when iquest-suggesting-mode (iquest--next-clear)))

(defun iquest--next-edits-follow (on)
  "Follow what is edited in this buffer while ON."
  (cond (on
         (setq iquest--next-tick (buffer-chars-modified-tick))
         (add-hook 'post-command-hook #'iquest--next-after-command t t)
         (add-hook 'iquest-suggesting-mode-hook #'iquest--next-aside nil t))
        (t
         (when (eq (current-buffer) (plist-get iquest--next :buffer)) (iquest--next-clear))
         (remove-hook 'post-command-hook #'iquest--next-after-command t)
         (remove-hook 'iquest-suggesting-mode-hook #'iquest--next-aside t))))

;;;; The keys

(defun iquest-next-edit-go ()
  "Go to the edit that is shown, or take it where point is on its line."
  (interactive)
  (let* ((now iquest--next) (item (plist-get now :item)) (counter (plist-get now :counter)))
    (iquest--next-clear)
    (when (and now (eq (current-buffer) (plist-get now :buffer)) (= (plist-get now :tick) (buffer-chars-modified-tick)))
      (let ((target (find-file-noselect (iquest--next-file item)))
            (row (plist-get (plist-get (plist-get item :range) :start) :line)))
        (if (and (eq target (current-buffer)) (= row (1- (line-number-at-pos nil t))))
            (iquest--next-take item counter)
          (push-mark nil t)
          (pop-to-buffer-same-window target)
          ;; What is taken there is an edit as well, and asks for others.
          (unless iquest-mode (iquest-mode 1))
          (goto-char (iquest--point-at (plist-get (plist-get item :range) :start) counter))
          (iquest--next-show item (plist-get now :rest) counter))))))

(defun iquest--next-take (item counter)
  "Put ITEM into the text; point stands behind it then.
Its columns are as COUNTER tells them."
  (pcase (iquest--next-bounds item counter)
    (`(,start . ,end)
     (let ((command (plist-get item :command)) (text (plist-get item :text)))
       (iquest--ask "workspace/executeCommand"
                    (list :command (plist-get command :command) :arguments (plist-get command :arguments))
                    #'ignore #'ignore)
       (goto-char start)
       (delete-region start end)
       (insert text)
       ;; At the end of the lines put in, not before what stood there.
       (when (string-suffix-p "\n" text) (backward-char))
       (iquest--tell-text) ; alone, so that it is known for what was taken
       (setq iquest--edited t)
       (iquest--next-soon)))))

(defun iquest-next-edit-dismiss ()
  "Put the edit that is shown away; it does not come again at that place."
  (interactive)
  (let ((item (plist-get iquest--next :item)))
    (iquest--next-clear)
    (deactivate-mark)
    (when item
      (iquest--tell "iquest/dismissNextEdit" (list :item item))
      (iquest--next-soon))))

;;;###autoload
(defun iquest-next-edits ()
  "List what the edits just made ask for elsewhere, and the lines to look at."
  (interactive)
  (let ((root (iquest--root)))
    (iquest--next-ask
     (lambda (answer)
       (cl-flet ((listed (title items words)
                   (when (> (length items) 0)
                     (concat "\n# " title "\n"
                             (mapconcat (lambda (item) (format "- %s: %s\n" (iquest--next-name item) (funcall words item)))
                                        items "")))))
         (let ((edits (listed "What your edits ask for" (plist-get answer :items)
                              (lambda (item) (format "%s → %s (%s)" (string-trim (plist-get item :old))
                                                     (string-trim (plist-get item :text)) (plist-get item :reason)))))
               (places (listed "To look at: what to write there cannot be told" (plist-get answer :places)
                               (lambda (place) (plist-get place :reason)))))
           (if (or edits places)
               (iquest--page "next edits" (string-trim (concat edits places)) root)
             (message "IQuest: your edits ask for nothing elsewhere")))))
     :places t)))

(provide 'iquest-next-edits)
;;; iquest-next-edits.el ends here
