;;; iquest.el --- Ghost text and history from IQuest LSP  -*- lexical-binding: t; -*-

;; Author: The IQuest LSP developers
;; Version: 0.1.0
;; Package-Requires: ((emacs "28.1"))
;; Keywords: convenience, languages, tools
;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; `iquest-mode' shows what IQuest LSP suggests behind the cursor, in grey: TAB
;; takes all of it, C-<right> a word, C-<end> the rest of the line, C-g puts it
;; away; type on, and what you typed of it stays taken.  The keys mean this only
;; while something is shown.
;;
;;     (require 'iquest)
;;     (add-hook 'prog-mode-hook #'iquest-mode)
;;
;; It finds the server where it runs: as the server of eglot in the buffer, or as
;; one of lsp-mode's.  Where it does not, it starts a connection of its own, so
;; that eglot may have another server in the same mode.  All connections share
;; one daemon, one loaded model and one warm window.  What other servers complain
;; of near point reaches that window, by flymake or lsp-mode.
;;
;; `iquest-explain', `iquest-why', `iquest-impact', `iquest-suspects',
;; `iquest-context' and `iquest-ask' answer in buffers.  What the edits just made
;; ask for elsewhere is in iquest-next-edits.el.

;;; Code:

(require 'cl-lib)
(require 'jsonrpc)
(require 'project)
(require 'subr-x)
(require 'url-util)

(defvar iquest-mode)
(defvar eglot-current-column-function)
(defvar lsp--cur-workspace)
(defvar lsp-mode)
(declare-function eglot-current-server "eglot")
(declare-function eglot-managed-p "eglot")
(declare-function eglot--server-info "eglot")
(declare-function flymake-diagnostics "flymake")
(declare-function flymake-diagnostic-beg "flymake")
(declare-function flymake-diagnostic-text "flymake")
(declare-function flymake-diagnostic-type "flymake")
(declare-function iquest--next-edits-follow "iquest-next-edits")
(declare-function eglot--signal-textDocument/didChange "eglot")
(declare-function lsp-workspaces "lsp-mode")
(declare-function lsp-request-async "lsp-mode")
(declare-function lsp-notify "lsp-mode")
(declare-function lsp-cur-column "lsp-mode")
(declare-function lsp-register-client "lsp-mode")
(declare-function make-lsp-client "lsp-mode")
(declare-function lsp-stdio-connection "lsp-mode")
(declare-function lsp--client-server-id "lsp-mode")
(declare-function lsp--workspace-client "lsp-mode")
(declare-function lsp--set-configuration "lsp-mode")
(declare-function lsp-diagnostics "lsp-mode")
(declare-function lsp--fix-path-casing "lsp-mode")

(autoload 'iquest-next-edits "iquest-next-edits" "List what the edits just made ask for elsewhere." t)

(defgroup iquest nil
  "Ghost text and history from IQuest LSP."
  :group 'tools
  :prefix "iquest-")

(defcustom iquest-command '("iquest-lsp" "--stdio")
  "The program that serves, and its arguments."
  :type '(repeat string))

(defcustom iquest-settings nil
  "The server's settings, as a property list: (:deadlineMs 300)."
  :type 'plist)

(defcustom iquest-idle-delay 0.06
  "Seconds without a key before a suggestion is asked for."
  :type 'number)

(defcustom iquest-connection 'any
  "Through which connection the server is asked.
`any' takes eglot's or lsp-mode's where this server is the buffer's, and one of
our own elsewhere; `own' always takes one of our own."
  :type '(choice (const any) (const own)))

(defface iquest-ghost '((t :inherit shadow))
  "What is suggested.")

;;;; Connections of our own

(defvar iquest--connections nil
  "Connections of our own, by project root.")

(defvar iquest--starting nil
  "Connections whose servers are starting, each with what is to be done then.")

(defvar-local iquest--version nil
  "The version of the document as the server of our own connection knows it.")
(defvar-local iquest--changed nil
  "Whether the text was changed since it was sent.")
(defvar-local iquest--before nil
  "The text before its first change, until our own connection's server knows it.")

(defun iquest--root ()
  "The folder of the buffer's project."
  (let ((project (project-current)))
    (expand-file-name
     (if project (project-root project) default-directory))))

(defun iquest--uri (file)
  "The URI of FILE."
  (concat "file://" (url-hexify-string (file-local-name (expand-file-name file)) url-path-allowed-chars)))

(defun iquest--file (uri)
  "The file that URI names."
  (decode-coding-string (url-unhex-string (string-remove-prefix "file://" uri)) 'utf-8))

(defun iquest--own-connection ()
  "A connection of our own for the buffer's project."
  (let* ((root (iquest--root))
         (found (cdr (assoc root iquest--connections))))
    (if (and found (jsonrpc-running-p found))
        found
      (setq iquest--connections (assoc-delete-all root iquest--connections))
      (let ((made (make-instance
                   'jsonrpc-process-connection
                   :name (format "iquest %s" (abbreviate-file-name root))
                   :events-buffer-scrollback-size 0
                   :process (lambda ()
                              (let ((default-directory root))
                                (make-process :name "iquest" :command iquest-command :coding 'utf-8-emacs-unix
                                              :connection-type 'pipe :noquery t
                                              :stderr (get-buffer-create " *iquest log*"))))
                   :request-dispatcher #'iquest--asked
                   :notification-dispatcher #'iquest--told)))
        (push (cons root made) iquest--connections)
        (push (list made) iquest--starting)
        (jsonrpc-async-request
         made :initialize
         (list :processId (emacs-pid) :rootUri (iquest--uri root)
               :workspaceFolders (vector (list :uri (iquest--uri root) :name (file-name-nondirectory (directory-file-name root))))
               :capabilities '(:general (:positionEncodings ["utf-32"])
                               :experimental (:iquest (:status t :diagnostics t)))
               :initializationOptions (or iquest-settings (make-hash-table)))
         :success-fn (lambda (_answer)
                       (jsonrpc-notify made :initialized (make-hash-table))
                       (mapc #'funcall (iquest--started made)))
         :error-fn (lambda (failure)
                     (iquest--started made)
                     (message "IQuest: the server does not start: %s" (or (plist-get failure :message) failure)))
         :timeout-fn (lambda ()
                       (iquest--started made)
                       (message "IQuest: the server does not answer; see the buffer \" *iquest log*\""))
         :timeout 120)
        made))))

(defun iquest--started (connection)
  "Take CONNECTION from those that are starting; return what is to be done."
  (prog1 (cdr (assq connection iquest--starting))
    (setq iquest--starting (assq-delete-all connection iquest--starting))))

(defun iquest--when-ready (connection act)
  "Call ACT, in this buffer, once the server of CONNECTION has started."
  (let ((starting (assq connection iquest--starting)) (buffer (current-buffer)))
    (if (not starting)
        (funcall act)
      (setcdr starting
              (append (cdr starting)
                      (list (lambda () (when (buffer-live-p buffer) (with-current-buffer buffer (funcall act))))))))))

(defvar iquest--status "" "What the server said last of its state.")

(defun iquest--told (_connection method params)
  "Take the notification METHOD with PARAMS."
  (when (eq method 'iquest/status)
    (setq iquest--status (plist-get params :state))
    (force-mode-line-update t)))

;;;; What other servers complain of

(defun iquest--asked (_connection method params)
  "Answer the request METHOD of the server with PARAMS."
  (when (eq method 'iquest/diagnostics)
    (iquest--complaints (iquest--file (plist-get (plist-get params :textDocument) :uri)) (plist-get params :range))))

(defun iquest--complaints (file range)
  "What flymake and lsp-mode know to be wrong in FILE within RANGE.
Errors and warnings, in the protocol's words."
  (let ((first (plist-get (plist-get range :start) :line))
        (last (plist-get (plist-get range :end) :line))
        (buffer (find-buffer-visiting file)))
    (vconcat
     (cl-loop for (line . text) in (or (iquest--complaints-of-lsp-mode buffer) (iquest--complaints-of-flymake buffer))
              when (<= first line last)
              collect (let ((place (list :line line :character 0)))
                        (list :range (list :start place :end place) :message text))))))

(defun iquest--complaints-of-flymake (buffer)
  "Lines from 0 with what flymake says of them in BUFFER."
  (when (and buffer (featurep 'flymake))
    (with-current-buffer buffer
      (cl-loop for one in (and (bound-and-true-p flymake-mode) (flymake-diagnostics))
               unless (string-match-p "note" (format "%s" (flymake-diagnostic-type one)))
               collect (cons (1- (line-number-at-pos (flymake-diagnostic-beg one) t)) (flymake-diagnostic-text one))))))

(defun iquest--complaints-of-lsp-mode (buffer)
  "Lines from 0 with what the servers of lsp-mode say of them in BUFFER."
  (when (and buffer (featurep 'lsp-mode) (buffer-local-value 'lsp-mode buffer))
    (cl-loop for raw across (with-current-buffer buffer
                              (vconcat (gethash (lsp--fix-path-casing buffer-file-name) (lsp-diagnostics t))))
             for one = (iquest--as-plist raw)
             when (<= (or (plist-get one :severity) 1) 2)
             collect (cons (plist-get (plist-get (plist-get one :range) :start) :line) (plist-get one :message)))))

;;;; The text of a document

(defconst iquest--languages
  '(("c++" . "cpp") ("js" . "javascript") ("js2" . "javascript") ("js-jsx" . "javascriptreact") ("tsx" . "typescriptreact")
    ("sh" . "shellscript") ("bash" . "shellscript") ("csharp" . "csharp") ("cperl" . "perl") ("mhtml" . "html")
    ("gfm" . "markdown") ("enh-ruby" . "ruby") ("rustic" . "rust") ("conf-toml" . "toml") ("tex" . "latex")
    ("emacs-lisp" . "elisp"))
  "Modes whose names are not what the protocol calls their languages.")

(defun iquest--language ()
  "What the protocol calls the language of the buffer."
  (let ((name (string-remove-suffix "-ts" (string-remove-suffix "-mode" (symbol-name major-mode)))))
    (or (cdr (assoc name iquest--languages)) name)))

(defun iquest--whole-text ()
  "The text of the buffer, also where it is narrowed."
  (save-restriction (widen) (buffer-substring-no-properties (point-min) (point-max))))

(defun iquest--sync (connection)
  "Tell CONNECTION the text of the buffer."
  (let ((uri (iquest--uri buffer-file-name)))
    (cond
     ((not (eq (car-safe iquest--version) connection))
      (setq iquest--version (cons connection 1))
      ;; As it was first, so that what was edited before anything was asked counts as an edit.
      (jsonrpc-notify connection :textDocument/didOpen
                      (list :textDocument (list :uri uri :languageId (iquest--language) :version 1
                                                :text (or iquest--before (iquest--whole-text)))))
      (when iquest--before
        (setq iquest--before nil iquest--changed t)
        (iquest--sync connection)))
     (iquest--changed
      (setcdr iquest--version (1+ (cdr iquest--version)))
      (jsonrpc-notify connection :textDocument/didChange
                      (list :textDocument (list :uri uri :version (cdr iquest--version))
                            :contentChanges (vector (list :text (iquest--whole-text)))))))
    (setq iquest--changed nil)))

(defun iquest--sync-all (connection)
  "Tell CONNECTION the text of the buffer, and of others changed meanwhile."
  (when buffer-file-name (iquest--sync connection))
  (dolist (buffer (buffer-list))
    (with-current-buffer buffer
      (when (and iquest--changed iquest-mode (eq (car-safe iquest--version) connection))
        (iquest--sync connection)))))

(defun iquest--saved ()
  "Tell the server of our own connection that the file was saved."
  (when (and iquest--version (jsonrpc-running-p (car iquest--version)))
    (iquest--sync (car iquest--version))
    (jsonrpc-notify (car iquest--version) :textDocument/didSave
                    (list :textDocument (list :uri (iquest--uri buffer-file-name))))))

(defun iquest--closed ()
  "Tell the server of our own connection that the document is closed."
  (when (and iquest--version (jsonrpc-running-p (car iquest--version)))
    (jsonrpc-notify (car iquest--version) :textDocument/didClose
                    (list :textDocument (list :uri (iquest--uri buffer-file-name)))))
  (setq iquest--version nil))

;;;; Asking, through whichever connection

(defun iquest--eglot-server ()
  "The server of eglot in this buffer, where it is this one.
Told by the name that it gives itself: one that passes on to several, this one
among them, sends requests of ours to another."
  (when (and (eq iquest-connection 'any) (featurep 'eglot) (eglot-managed-p))
    (let ((server (eglot-current-server)))
      (when (and server (equal (plist-get (eglot--server-info server) :name) "iquest-lsp"))
        server))))

(defun iquest--lsp-workspace ()
  "The workspace of lsp-mode with this server in this buffer."
  (when (and (eq iquest-connection 'any) (featurep 'lsp-mode))
    (seq-find (lambda (workspace) (eq (lsp--client-server-id (lsp--workspace-client workspace)) 'iquest))
              (lsp-workspaces))))

(defun iquest--as-plist (value)
  "VALUE, an answer of lsp-mode, with property lists in place of hash tables."
  (cond ((hash-table-p value)
         (let (made)
           (maphash (lambda (key one)
                      (setq made (nconc (list (intern (concat ":" key)) (iquest--as-plist one)) made)))
                    value)
           made))
        ((stringp value) value)
        ((keywordp (car-safe value))
         (cl-loop for (key one) on value by #'cddr append (list key (iquest--as-plist one))))
        ((or (vectorp value) (consp value)) (vconcat (mapcar #'iquest--as-plist value)))
        (t value)))

(defun iquest--counter ()
  "What tells the column of point as the buffer's connection counts it."
  (cond ((iquest--eglot-server) eglot-current-column-function)
        ((iquest--lsp-workspace) (lambda () (iquest--utf-16-length (line-beginning-position) (point))))
        (t (lambda () (- (point) (line-beginning-position))))))

(defun iquest--column ()
  "The column of point as the connection counts it."
  (funcall (iquest--counter)))

(defun iquest--utf-16-length (from to)
  "The length of the text between FROM and TO in UTF-16."
  (+ (- to from) (cl-count-if (lambda (one) (> one #xffff)) (buffer-substring-no-properties from to))))

(defun iquest--point-at (place &optional counter)
  "The position in the buffer of PLACE, in the protocol's words.
COUNTER tells columns where PLACE is from the connection of another buffer."
  (save-excursion
    (save-restriction
      (widen)
      (goto-char (point-min))
      (forward-line (plist-get place :line))
      (let ((counter (or counter (iquest--counter))) (column (plist-get place :character)) (end (line-end-position)))
        (while (and (< (point) end) (< (funcall counter) column))
          (forward-char))
        (point)))))

(defun iquest--ask (method params done &optional failed)
  "Send the request METHOD with PARAMS; call DONE with its result in this buffer.
With FAILED call that with an error's message; without it is shown."
  (let* ((buffer (current-buffer))
         (heard (lambda (result) (when (buffer-live-p buffer) (with-current-buffer buffer (funcall done result)))))
         (wrong (lambda (failure)
                  (funcall (or failed (lambda (text) (message "IQuest: %s" text)))
                           (or (plist-get failure :message) (format "%s" failure)))))
         (server (iquest--eglot-server))
         (workspace (and (not server) (iquest--lsp-workspace))))
    (cond
     (workspace
      (let ((lsp--cur-workspace workspace))
        (lsp-request-async method params
                           (lambda (result) (funcall heard (iquest--as-plist result)))
                           :error-handler (lambda (failure) (funcall wrong (iquest--as-plist failure)))
                           :mode 'detached)))
     (server
      (eglot--signal-textDocument/didChange)
      (iquest--send server method params heard wrong))
     (t
      (let ((own (iquest--own-connection)))
        (iquest--when-ready own (lambda ()
                                  (iquest--sync-all own)
                                  (iquest--send own method params heard wrong))))))))

(defun iquest--tell-text ()
  "Tell the server the text of the buffer at once; lsp-mode does by itself."
  (cond ((iquest--eglot-server) (eglot--signal-textDocument/didChange))
        ((iquest--lsp-workspace))
        (t (let ((own (iquest--own-connection)))
             (iquest--when-ready own (lambda () (iquest--sync-all own)))))))

(defun iquest--send (connection method params heard wrong)
  "Send the request METHOD with PARAMS through CONNECTION.
HEARD is called with its result, WRONG with its error."
  (jsonrpc-async-request connection (intern (concat ":" method)) params
                         :success-fn heard :error-fn wrong :timeout-fn #'ignore :timeout 120))

(defun iquest--tell (method params)
  "Send the notification METHOD with PARAMS."
  (let ((server (iquest--eglot-server)))
    (cond (server (jsonrpc-notify server (intern (concat ":" method)) params))
          ((iquest--lsp-workspace)
           (let ((lsp--cur-workspace (iquest--lsp-workspace))) (lsp-notify method params)))
          (t (let ((own (iquest--own-connection)))
               (iquest--when-ready own (lambda () (jsonrpc-notify own (intern (concat ":" method)) params))))))))

(defun iquest--here ()
  "The document and the place of point, in the protocol's words."
  (list :textDocument (list :uri (iquest--uri buffer-file-name))
        :position (list :line (1- (line-number-at-pos nil t)) :character (iquest--column))))

(defun iquest--asked-of-lsp-mode (_workspace params)
  "Answer the server's question for what is wrong with PARAMS."
  (iquest--asked nil 'iquest/diagnostics (iquest--as-plist params)))

(defun iquest-lsp-mode-setup ()
  "Have lsp-mode start this server beside the others of every mode."
  (require 'lsp-mode)
  (lsp-register-client
   (make-lsp-client :new-connection (lsp-stdio-connection (lambda () iquest-command))
                    :activation-fn (lambda (_file _mode) t)
                    :initialization-options (lambda () (or iquest-settings (make-hash-table)))
                    :custom-capabilities '((experimental . ((iquest . ((diagnostics . t))))))
                    :request-handlers (let ((table (make-hash-table :test 'equal)))
                                        (puthash "iquest/diagnostics" #'iquest--asked-of-lsp-mode table)
                                        table)
                    :add-on? t :priority -10 :multi-root t :server-id 'iquest)))

;;;; Ghost text

(defvar-local iquest--shown nil
  "What is suggested, as a property list; see `iquest--show'.")
(defvar-local iquest--timer nil)
(defvar-local iquest--asked 0 "The number of the last request; answers to older ones are dropped.")

(defvar iquest-suggestion-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "TAB") #'iquest-accept)
    (define-key map (kbd "<tab>") #'iquest-accept)
    (define-key map (kbd "C-<right>") #'iquest-accept-word)
    (define-key map (kbd "C-<end>") #'iquest-accept-line)
    (define-key map (kbd "C-g") #'iquest-dismiss)
    map)
  "Keys while something is suggested.")

(define-minor-mode iquest-suggesting-mode
  "On while something is suggested, so that its keys mean something then."
  :lighter nil
  :keymap iquest-suggestion-map)

(defun iquest--clear ()
  "Take the suggestion off the screen."
  (setq iquest--asked (1+ iquest--asked))
  (when iquest--timer (cancel-timer iquest--timer) (setq iquest--timer nil))
  (when iquest--shown
    (delete-overlay (plist-get iquest--shown :overlay))
    (setq iquest--shown nil)
    (iquest-suggesting-mode -1)))

(defun iquest--rest ()
  "What of the suggestion is not typed yet; nil where the text does not fit."
  (when iquest--shown
    (let* ((start (marker-position (plist-get iquest--shown :start)))
           (text (plist-get (plist-get iquest--shown :item) :insertText)))
      (when (and (>= (point) start) (= (line-number-at-pos start) (line-number-at-pos))
                 (equal (buffer-substring-no-properties (point) (line-end-position)) (plist-get iquest--shown :tail)))
        (let ((typed (buffer-substring-no-properties start (point))))
          (cond ((string-prefix-p typed text) (substring text (length typed)))
                ;; Where a line is set too deep, what stands before point is replaced.
                ((equal typed (plist-get iquest--shown :head)) (string-trim-left text))))))))

(defun iquest--draw ()
  "Draw what is left of the suggestion; nil where that is nothing."
  (let ((rest (iquest--rest)))
    (when (and rest (not (string-empty-p rest)))
      (let ((text (propertize rest 'face 'iquest-ghost)) (overlay (plist-get iquest--shown :overlay)))
        ;; So that the cursor stands before it.
        (put-text-property 0 1 'cursor t text)
        (move-overlay overlay (point) (point))
        (overlay-put overlay 'after-string text)
        (iquest-suggesting-mode 1)
        t))))

(defun iquest--show (item)
  "Show ITEM, an inline completion, at point."
  (iquest--clear)
  (let* ((range (plist-get item :range))
         (start (if range (iquest--point-at (plist-get range :start)) (point)))
         (end (if range (iquest--point-at (plist-get range :end)) (point))))
    (when (<= (line-beginning-position) start (point) end (line-end-position))
      (setq iquest--shown
            (list :item item :start (copy-marker start) :replaced (- end (point))
                  :head (buffer-substring-no-properties start (point))
                  :tail (buffer-substring-no-properties (point) (line-end-position))
                  :overlay (make-overlay (point) (point) nil t t)))
      (unless (iquest--draw) (iquest--clear)))))

(defun iquest--request (&optional by-key)
  "Ask what to suggest at point; BY-KEY where the user asked for it."
  (setq iquest--timer nil)
  (when (and iquest-mode buffer-file-name)
    (let ((number (setq iquest--asked (1+ iquest--asked))) (tick (buffer-chars-modified-tick)) (place (point)))
      (iquest--ask "textDocument/inlineCompletion"
                   (append (iquest--here) (list :context (list :triggerKind (if by-key 1 2))))
                   (lambda (answer)
                     (let ((items (if (vectorp answer) answer (plist-get answer :items))))
                       (when (and (= number iquest--asked) (= tick (buffer-chars-modified-tick)) (= place (point))
                                  (> (length items) 0))
                         (iquest--show (aref items 0)))))
                   #'ignore))))

(defun iquest--soon ()
  "Ask for a suggestion after a moment without keys."
  (when iquest--timer (cancel-timer iquest--timer))
  (let ((buffer (current-buffer)))
    (setq iquest--timer
          (run-with-timer iquest-idle-delay nil
                          (lambda () (when (buffer-live-p buffer) (with-current-buffer buffer (iquest--request))))))))

(defvar-local iquest--tick 0 "The state of the text after the last command.")

(defun iquest--after-command ()
  "Follow what was typed."
  (unless (string-prefix-p "iquest-" (format "%s" this-command))
    (let ((changed (/= iquest--tick (buffer-chars-modified-tick))))
      (cond ((and iquest--shown (iquest--draw)))
            (iquest--shown (iquest--clear) (when changed (iquest--soon)))
            (changed (iquest--clear) (iquest--soon)))))
  (setq iquest--tick (buffer-chars-modified-tick)))

(defun iquest--before-change (&rest _)
  "Keep the text that no server was told of yet."
  (unless (or iquest--version iquest--before (not buffer-file-name))
    (setq iquest--before (iquest--whole-text))))

(defun iquest--after-change (&rest _)
  "Note that the text was changed."
  (setq iquest--changed t))

(defun iquest--take (part)
  "Put the suggestion into the text, or of it what PART takes of what is left."
  (let ((rest (iquest--rest)) (now iquest--shown))
    (if (not (and rest (not (string-empty-p rest))))
        (progn (iquest--clear) nil)
      (let* ((piece (funcall part rest)) (whole (equal piece rest))
             (start (marker-position (plist-get now :start)))
             (typed (buffer-substring-no-properties start (point)))
             (item (plist-get now :item)))
        (iquest--clear)
        (unless (string-prefix-p typed (plist-get item :insertText))
          (delete-region start (point))
          (setq piece (plist-get item :insertText) whole t))
        (when whole (delete-region (point) (+ (point) (plist-get now :replaced))))
        (insert piece)
        (if (not whole)
            (iquest--tell "textDocument/didPartiallyAcceptCompletion"
                          (list :item item :acceptedLength (iquest--utf-16-length start (point))))
          (let ((command (plist-get item :command)))
            (when command
              (iquest--ask "workspace/executeCommand"
                           (list :command (plist-get command :command) :arguments (plist-get command :arguments))
                           #'ignore #'ignore))))
        (if (or whole (string-search "\n" piece))
            (iquest--soon)
          (setq iquest--shown (plist-put now :overlay (make-overlay (point) (point) nil t t)))
          (unless (iquest--draw) (iquest--clear)))
        t))))

(defun iquest-accept ()
  "Take the suggestion."
  (interactive)
  (iquest--take #'identity))

(defun iquest-accept-word ()
  "Take the next word of the suggestion."
  (interactive)
  (iquest--take (lambda (text)
                  (if (string-match "\\`[[:space:]\n]*\\(?:[[:alnum:]_]+\\|[^[:alnum:][:space:]_]+\\)" text)
                      (match-string 0 text)
                    text))))

(defun iquest-accept-line ()
  "Take the rest of the line of the suggestion."
  (interactive)
  (iquest--take (lambda (text) (string-match "\\`\n?[^\n]*" text) (match-string 0 text))))

(defun iquest-dismiss ()
  "Put the suggestion away; it is not offered again there."
  (interactive)
  (let ((item (plist-get iquest--shown :item)))
    (iquest--clear)
    (when item (iquest--tell "textDocument/didDismissCompletion" (list :item item)))))

(defun iquest-suggest ()
  "Ask for a suggestion at point."
  (interactive)
  (iquest--clear)
  (iquest--request t))

;;;###autoload
(define-minor-mode iquest-mode
  "Show what IQuest LSP suggests behind point."
  :lighter " IQuest"
  (require 'iquest-next-edits)
  (iquest--next-edits-follow iquest-mode)
  (if iquest-mode
      (progn
        (add-hook 'post-command-hook #'iquest--after-command nil t)
        (add-hook 'before-change-functions #'iquest--before-change nil t)
        (add-hook 'after-change-functions #'iquest--after-change nil t)
        (add-hook 'after-save-hook #'iquest--saved nil t)
        (add-hook 'kill-buffer-hook #'iquest--closed nil t)
        (setq iquest--tick (buffer-chars-modified-tick)))
    (iquest--clear)
    (iquest--closed)
    (remove-hook 'post-command-hook #'iquest--after-command t)
    (remove-hook 'before-change-functions #'iquest--before-change t)
    (remove-hook 'after-change-functions #'iquest--after-change t)
    (setq iquest--before nil)
    (remove-hook 'after-save-hook #'iquest--saved t)
    (remove-hook 'kill-buffer-hook #'iquest--closed t)))

;;;; Pages

(defvar iquest-page-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "RET") #'iquest-follow)
    map)
  "Keys of a page.")

(define-derived-mode iquest-page-mode special-mode "IQuest"
  "What the server says at length.
RET goes to the file and line at point, or explains the commit there."
  (setq-local truncate-lines nil)
  (visual-line-mode 1)
  (font-lock-add-keywords nil '(("^#+ .*$" . 'bold) ("\\b[0-9a-f]\\{10,40\\}\\b" . 'link))))

(defun iquest--page (title markdown root)
  "Show MARKDOWN as the page TITLE; paths in it are relative to ROOT."
  (with-current-buffer (get-buffer-create (format "*IQuest %s*" title))
    (iquest-page-mode)
    (setq default-directory (file-name-as-directory root))
    (let ((inhibit-read-only t))
      (erase-buffer)
      ;; As one reads it: without the marks of code, and the strokes before other marks.
      (insert (replace-regexp-in-string "`" "" (replace-regexp-in-string "\\\\\\([[:punct:]]\\)" "\\1" markdown)))
      (goto-char (point-min)))
    (display-buffer (current-buffer))))

(defun iquest-follow ()
  "Go to the file and line at point, or explain the commit there."
  (interactive)
  (let* ((word (or (thing-at-point 'filename t) ""))
         (file (and (string-match "\\`\\(.+?\\)\\(?::\\([0-9]+\\)\\)?\\(?:[-:].*\\)?\\'" word) (match-string 1 word)))
         (line (and file (match-string 2 word))))
    (cond ((string-match-p "\\`[0-9a-f]\\{7,40\\}\\'" word) (iquest-explain word))
          ((and file (file-regular-p file))
           (find-file-other-window file)
           (when line (goto-char (point-min)) (forward-line (1- (string-to-number line)))))
          (t (user-error "No file or commit is named here")))))

(defun iquest--lines ()
  "The lines of the region, or the one at point, in the protocol's words."
  (let* ((first (line-number-at-pos (if (use-region-p) (region-beginning) (point)) t))
         (last (if (use-region-p) (line-number-at-pos (max (region-beginning) (1- (region-end))) t) first)))
    (append (list :uri (iquest--uri (or buffer-file-name (user-error "This buffer has no file")))
                  :line (1- first) :markdown t)
            (and (> last first) (list :end_line (1- last))))))

(defun iquest--question (method params title)
  "Ask METHOD with PARAMS, and show its Markdown as the page TITLE."
  (let ((root (iquest--root)))
    (iquest--ask method params (lambda (answer) (iquest--page title (plist-get answer :markdown) root)))))

;;;###autoload
(defun iquest-explain (&optional target)
  "Explain what the working tree changes, or TARGET, a revision or a range."
  (interactive (list (and current-prefix-arg (read-string "Revision or range: "))))
  (iquest--question "iquest/explainDiff"
                    (list :folder (iquest--uri (iquest--root)) :target (or target "") :markdown t) "explanation"))

;;;###autoload
(defun iquest-why ()
  "Tell why the line at point, or the region, is so."
  (interactive)
  (iquest--question "iquest/why" (iquest--lines) "why"))

;;;###autoload
(defun iquest-impact ()
  "List what else must change with the line at point or the region."
  (interactive)
  (iquest--question "iquest/impact" (iquest--lines) "impact"))

;;;###autoload
(defun iquest-suspects ()
  "Rank the changes that may have brought a bug at point or in the region."
  (interactive)
  (iquest--question "iquest/suspects" (iquest--lines) "suspects"))

;;;###autoload
(defun iquest-context ()
  "Show what the model sees at point, and why."
  (interactive)
  (iquest--ask
   "iquest/context" (iquest--here)
   (lambda (answer)
     (iquest--page
      "context"
      (concat (format "# What the model sees here\n\n%d of %d tokens; %d of them stay while one types.\n\n"
                      (plist-get answer :tokens) (plist-get answer :budget) (plist-get answer :stable_prefix_tokens))
              (mapconcat (lambda (chunk)
                           (format "- %s:%d-%d: %s, %d tokens: %s" (plist-get chunk :path) (plist-get chunk :start)
                                   (plist-get chunk :end) (plist-get chunk :kind) (plist-get chunk :tokens)
                                   (plist-get chunk :reason)))
                         (plist-get answer :chunks) "\n"))
      (iquest--file (plist-get answer :root))))))

;;;###autoload
(defun iquest-ask (question)
  "Ask a model that follows instructions QUESTION about the code."
  (interactive "sAsk about the code: ")
  (let ((root (iquest--root)))
    (iquest--ask "iquest/ask"
                 (append (list :question question)
                         (if buffer-file-name
                             (list :uri (iquest--uri buffer-file-name) :position (plist-get (iquest--here) :position))
                           (list :folder (iquest--uri root))))
                 (lambda (answer)
                   (iquest--page "answer" (format "# %s\n\n%s" question (plist-get answer :text)) root)))))

(provide 'iquest)
;;; iquest.el ends here
