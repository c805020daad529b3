;;; iquest-tests.el --- Plays editors/emacs/iquest.el in a real Emacs  -*- lexical-binding: t; -*-
;; Environment: PACKAGE (editors/emacs), FILE, COMMAND (of the server, separated by spaces).

(require 'package)
(package-initialize)
(require 'ert)
(add-to-list 'load-path (getenv "PACKAGE"))
(require 'iquest)

(setq iquest-command (split-string (getenv "COMMAND")))
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

(ert-deftest iquest-compiles-without-warnings ()
  (let ((byte-compile-error-on-warn t)
        (byte-compile-dest-file-function (lambda (_) (make-temp-file "iquest" nil ".elc"))))
    (should (byte-compile-file (expand-file-name "iquest.el" (getenv "PACKAGE"))))))

(ert-run-tests-batch-and-exit)
;;; iquest-tests.el ends here
