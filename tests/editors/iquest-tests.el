;;; iquest-tests.el --- Plays editors/emacs/iquest.el in a real Emacs  -*- lexical-binding: t; -*-
;; Environment: PACKAGE (editors/emacs), FILE, COMMAND (of the server) and ANOTHER (of another one), separated by
;; spaces; ONLY, a part of the names of the tests to run.

(require 'package)
(package-initialize)
(require 'ert)
(add-to-list 'load-path (getenv "PACKAGE"))
(require 'iquest)

(setq iquest-command (split-string (getenv "COMMAND")))
(defvar iquest-tests-another (append (split-string (getenv "ANOTHER")) '("--" "iquest-lsp" "--stdio"))
  "Another server, whose command line names ours too.")
(defconst iquest-tests-text "def area(width, height):\n    return width * height\n")

(defun iquest-tests-until (what ready)
  "Let Emacs run until READY; fail with WHAT."
  (let ((end (+ (float-time) 300)) found) ; only so that a test that fails ends
    (while (not (setq found (funcall ready)))
      (when (> (float-time) end) (error "No %s; %S behind %S" what (iquest-tests-ghost) (thing-at-point 'line t)))
      (accept-process-output nil 0.05))
    found))

(defun iquest-tests-ghost ()
  "What is shown."
  (let ((overlay (plist-get iquest--shown :overlay)))
    (if overlay (substring-no-properties (overlay-get overlay 'after-string)) "")))

(defun iquest-tests-type (text)
  "Type TEXT as a person does, a command for each sign."
  (mapc (lambda (sign)
          (setq this-command 'self-insert-command last-command-event sign)
          (insert sign)
          (run-hooks 'post-command-hook))
        text))

(defun iquest-tests-key (key)
  "Press KEY."
  (let ((command (key-binding (kbd key))))
    (setq this-command command)
    (call-interactively command)
    (run-hooks 'post-command-hook)))

(defmacro iquest-tests-with-file (&rest body)
  "Run BODY in the file, as it is at first, in `iquest-mode'."
  `(progn
     (write-region iquest-tests-text nil (getenv "FILE") nil 'silent)
     (with-current-buffer (find-file-noselect (getenv "FILE"))
       (set-window-buffer (selected-window) (current-buffer))
       (unwind-protect
           (progn ,@body)
         (iquest-mode -1)
         (set-buffer-modified-p nil)
         (kill-buffer)))))

(defun iquest-tests-suggested ()
  "Type the head of a function, and wait for the rest; asks again, as a person would while the model is loaded."
  (goto-char (point-max))
  (iquest-tests-type "def area(")
  (let ((tries 0))
    (iquest-tests-until "ghost text"
                        (lambda ()
                          (when (and (string-empty-p (iquest-tests-ghost)) (= 0 (mod (setq tries (1+ tries)) 40)))
                            (iquest--request))
                          (not (string-empty-p (iquest-tests-ghost)))))))

(defun iquest-tests-words ()
  "Take a suggestion by word, by typing and by line."
  (let ((own (key-binding (kbd "TAB"))))
    (iquest-tests-suggested)
    (should (equal (iquest-tests-ghost) "width, height):"))
    (should (eq (key-binding (kbd "TAB")) #'iquest-accept))
    (iquest-tests-key "C-<right>")
    (should (equal (iquest-tests-ghost) ", height):"))
    (iquest-tests-type ", h")
    (should (equal (iquest-tests-ghost) "eight):"))
    (iquest-tests-key "C-<end>")
    (should (equal (iquest-tests-ghost) ""))
    (should (eq (key-binding (kbd "TAB")) own))
    (should (equal (buffer-string) (concat iquest-tests-text "def area(width, height):")))))

(ert-deftest iquest-own-connection ()
  "Beside whatever other server the mode has."
  (iquest-tests-with-file
   (python-mode)
   (iquest-mode)
   (iquest-tests-words)
   (should (= 1 (length iquest--connections)))))

(ert-deftest iquest-accepts-all-and-puts-away ()
  (iquest-tests-with-file
   (python-mode)
   (iquest-mode)
   (goto-char (point-min))
   (insert "# 😀 ü\n")
   (goto-char (point-max))
   (iquest-tests-suggested)
   (iquest-tests-key "C-g")
   (should (equal (iquest-tests-ghost) ""))
   (should-not (eq (key-binding (kbd "C-<end>")) #'iquest-accept-line))
   (iquest-tests-type "w")
   (iquest-suggest) ; by a key it may have several lines
   (iquest-tests-until "ghost text" (lambda () (string-prefix-p "idth, height):" (iquest-tests-ghost))))
   (let ((rest (iquest-tests-ghost)))
     (iquest-tests-key "TAB")
     (should (string-suffix-p (concat "def area(w" rest) (buffer-string))))
   (iquest-tests-type "\n")
   (goto-char (point-min))
   (run-hooks 'post-command-hook)
   (should (equal (iquest-tests-ghost) ""))))

(ert-deftest iquest-questions ()
  (iquest-tests-with-file
   (python-mode)
   (iquest-mode)
   (goto-char (point-min))
   (cl-flet ((page (title) (iquest-tests-until
                            title (lambda ()
                                    (let ((buffer (get-buffer (format "*IQuest %s*" title))))
                                      (and buffer (with-current-buffer buffer (buffer-string))))))))
     (iquest-why)
     (should (string-search "Compute areas" (page "why")))
     (should (string-search "There are no release tags." (page "why")))
     (iquest-impact)
     (should (string-search "changing shapes.py" (page "impact")))
     (iquest-suspects)
     (should (string-search "Compute areas" (page "suspects")))
     (iquest-context)
     (should (string-search "shapes.py:1-" (page "context")))
     (insert "# changed\n")
     (save-buffer)
     (iquest-explain)
     (should (string-search "shapes.py: modified" (page "explanation")))
     (with-current-buffer "*IQuest why*"
       (re-search-forward "[0-9a-f]\\{10\\}")
       (backward-char)
       (kill-buffer "*IQuest explanation*")
       (call-interactively #'iquest-follow))
     (should (string-search "Compute areas" (page "explanation")))
     (let (said)
       (cl-letf (((symbol-function 'message) (lambda (&rest words) (setq said (apply #'format words)))))
         (iquest-ask "What is an area?")
         (iquest-tests-until "message" (lambda () said)))
       (should (string-search "instruct_model" said))))))

(ert-deftest iquest-python-ts-mode ()
  "A mode whose name tells of its parser is of the same language."
  (let ((major-mode 'python-ts-mode)) (should (equal (iquest--language) "python")))
  (let ((major-mode 'c++-mode)) (should (equal (iquest--language) "cpp")))
  (let ((major-mode 'js-ts-mode)) (should (equal (iquest--language) "javascript")))
  (let ((major-mode 'bash-ts-mode)) (should (equal (iquest--language) "shellscript"))))

(ert-deftest iquest-over-eglot ()
  (skip-unless (require 'eglot nil t))
  (setq eglot-sync-connect 300 eglot-connect-timeout 300)
  (iquest-tests-with-file
   (python-mode)
   (add-to-list 'eglot-server-programs `(python-mode . ,iquest-command))
   (call-interactively #'eglot)
   (let ((before (length iquest--connections)))
     (iquest-tests-until "server of eglot" #'iquest--eglot-server)
     (iquest-mode)
     (iquest-tests-words)
     (should (= before (length iquest--connections))))
   (eglot-shutdown (eglot-current-server))))

(defun iquest-tests-complaint ()
  "Wait until the complaint of the other server is in the window; it is asked for when one pauses after a suggestion."
  (let (tokens (tries 0))
    (iquest-tests-until
     "complaint in the window"
     (lambda ()
       (when (= 1 (mod (setq tries (1+ tries)) 40))
         (iquest--request t)
         (iquest--ask "iquest/context" (iquest--here)
                      (lambda (answer)
                        (let ((found (seq-find (lambda (chunk) (equal (plist-get chunk :path) ".diagnostics"))
                                               (plist-get answer :chunks))))
                          (setq tokens (plist-get found :tokens))))))
       tokens))))

(ert-deftest iquest-beside-another-server-of-eglot ()
  "Eglot takes one server for a mode: ours has a connection of its own, and hears what that one complains of."
  (skip-unless (require 'eglot nil t))
  (setq eglot-sync-connect 300 eglot-connect-timeout 300)
  (iquest-tests-with-file
   (python-mode)
   (let ((eglot-server-programs `((python-mode . ,iquest-tests-another))))
     (call-interactively #'eglot))
   (iquest-tests-until "server of eglot" #'eglot-current-server)
   (should-not (iquest--eglot-server))
   (iquest-tests-until "complaint" (lambda () (flymake-start) (flymake-diagnostics)))
   (iquest-mode)
   (iquest-tests-words)
   (let ((found (eglot-completion-at-point)))
     (should (equal (all-completions "" (nth 2 found)) '("another_name"))))
   (iquest-tests-complaint)
   (eglot-shutdown (eglot-current-server))))

(ert-deftest iquest-over-lsp-mode ()
  (skip-unless (require 'lsp-mode nil t))
  (iquest-tests-with-file
   (python-mode)
   (setq lsp-auto-guess-root t lsp-enable-snippet nil lsp-keep-workspace-alive nil lsp-restart 'ignore
         lsp-enabled-clients '(iquest) lsp-session-file (make-temp-file "lsp-session") lsp-response-timeout 300)
   (iquest-lsp-mode-setup)
   (lsp)
   (iquest-tests-until "workspace of lsp-mode" #'iquest--lsp-workspace)
   (iquest-tests-until "start" (lambda () (eq 'initialized (lsp--workspace-status (car (lsp-workspaces))))))
   (let ((before (length iquest--connections)))
     (iquest-mode)
     (iquest-tests-words)
     (should (= before (length iquest--connections))))
   (lsp-disconnect)))

(ert-deftest iquest-beside-another-server-of-lsp-mode ()
  "Of several servers each has what it knows; completions come from the other, ghost text from ours."
  (skip-unless (require 'lsp-mode nil t))
  (iquest-tests-with-file
   (python-mode)
   (setq lsp-auto-guess-root t lsp-enable-snippet nil lsp-keep-workspace-alive nil lsp-restart 'ignore
         lsp-enabled-clients '(iquest another) lsp-session-file (make-temp-file "lsp-session") lsp-response-timeout 300)
   (lsp-register-client (make-lsp-client :new-connection (lsp-stdio-connection (lambda () iquest-tests-another))
                                         :activation-fn (lsp-activate-on "python") :server-id 'another))
   (iquest-lsp-mode-setup)
   (lsp)
   (iquest-tests-until "two servers" (lambda ()
                                       (and (= 2 (length (lsp-workspaces)))
                                            (seq-every-p (lambda (one) (eq 'initialized (lsp--workspace-status one)))
                                                         (lsp-workspaces)))))
   (let ((before (length iquest--connections)))
     (iquest-mode)
     (iquest-tests-words)
     (should (= before (length iquest--connections))))
   (should (string-search "said by another" (format "%s" (lsp-request "textDocument/hover" (lsp--text-document-position-params)))))
   (iquest-tests-complaint)
   (lsp-disconnect)))

(defun iquest-tests-next ()
  "What of the next edit is shown, and where: the text struck, and what stands behind."
  (mapcar (lambda (overlay)
            (list (with-current-buffer (overlay-buffer overlay)
                    (buffer-substring-no-properties (overlay-start overlay) (overlay-end overlay)))
                  (substring-no-properties (or (overlay-get overlay 'after-string) ""))))
          (plist-get iquest--next :overlays)))

(defun iquest-tests-next-shown ()
  "Wait for a next edit; point moves now and then, as a person's does who waits."
  (let ((tries 0))
    (iquest-tests-until "next edit" (lambda ()
                                      (when (= 0 (mod (setq tries (1+ tries)) 60))
                                        (setq this-command 'forward-char)
                                        (run-hooks 'post-command-hook))
                                      iquest--next))))

(defun iquest-tests-rename (old new places)
  "Type NEW before OLD at each of PLACES, which are lines; what was typed reaches the server."
  (dolist (line places)
    (goto-char (point-min))
    (forward-line (1- line))
    (search-forward old (line-end-position))
    (goto-char (match-beginning 0))
    (iquest-tests-type new)
    (iquest-tests-until "text told" (lambda () (not iquest--changed)))))

(ert-deftest iquest-next-edits ()
  "What a rename leaves is shown one by one, gone to and taken by TAB; point stands behind what was taken."
  (let ((iquest-tests-text (concat "def area(item_width, height):\n    log(item_width)\n    note(item_width)\n"
                                   "    return item_width * height\n\n\nprint(area(1, 2))\n")))
    (iquest-tests-with-file
     (python-mode)
     (iquest-mode)
     (let ((own (key-binding (kbd "TAB"))))
       (iquest-tests-rename "item_width" "side_" '(1 2))
       (should (eq (key-binding (kbd "TAB")) own))
       (iquest-tests-next-shown)
       (should (equal (car (iquest-tests-next)) '("item_width" "→side_item_width")))
       (should (string-prefix-p "  +1 more  " (cadr (cadr (iquest-tests-next)))))
       ;; What is put away does not come again at its place; the next one does.
       (iquest-tests-key "C-g")
       (should-not iquest--next)
       (should (eq (key-binding (kbd "TAB")) own))
       (iquest-tests-next-shown)
       (iquest-tests-key "TAB")
       (should (equal (thing-at-point 'line t) "    return item_width * height\n"))
       (should (equal (car (iquest-tests-next)) '("item_width" "→side_item_width")))
       (iquest-tests-key "TAB")
       (should (equal (thing-at-point 'line t) "    return side_item_width * height\n"))
       (should (looking-back "side_item_width" (line-beginning-position)))
       (should-not iquest--next)
       (should (eq (key-binding (kbd "TAB")) own)))
     (goto-char (point-min))
     (search-forward ")")
     (backward-char)
     (iquest-tests-type ", depth")
     (let ((page (lambda () (let ((buffer (get-buffer "*IQuest next edits*")))
                              (and buffer (with-current-buffer buffer (buffer-string)))))))
       (iquest-tests-until "lines to look at"
                           (lambda ()
                             (iquest-next-edits)
                             (dotimes (_ 20) (accept-process-output nil 0.05))
                             (string-search "To look at" (or (funcall page) ""))))
       (should (string-search "shapes.py:7: area takes other parameters now" (funcall page)))))))

(ert-deftest iquest-next-edits-in-another-file ()
  "The next edit may be in a file that no buffer visits: its name is shown, TAB opens it."
  (let* ((iquest-tests-text "def room_area(width, height):\n    return width * height\n")
         (other (expand-file-name "rooms.py" (file-name-directory (getenv "FILE")))))
    (iquest-tests-with-file
     (python-mode)
     (iquest-mode)
     (iquest-tests-rename "room_area" "whole_" '(1))
     (iquest-tests-next-shown)
     (should (string-search "next: rooms.py:" (cadr (car (iquest-tests-next)))))
     (iquest-tests-key "TAB")
     (should (equal (buffer-file-name (window-buffer)) other))
     (with-current-buffer (window-buffer)
       (should iquest-mode)
       (should (equal (caar (iquest-tests-next)) "room_area"))
       (iquest-tests-key "TAB")
       (should (looking-back "whole_room_area" (line-beginning-position)))
       (set-buffer-modified-p nil)
       (kill-buffer)))))

(ert-deftest iquest-compiles-without-warnings ()
  (let ((byte-compile-error-on-warn t)
        (byte-compile-dest-file-function (lambda (_) (make-temp-file "iquest" nil ".elc"))))
    (dolist (file '("iquest.el" "iquest-next-edits.el"))
      (should (byte-compile-file (expand-file-name file (getenv "PACKAGE")))))))

(ert-run-tests-batch-and-exit (or (getenv "ONLY") t))
;;; iquest-tests.el ends here
