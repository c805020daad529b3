;;; eglot.el --- Completes in a real Emacs through eglot; prints key=value lines.  -*- lexical-binding: t; -*-
;; Environment: FILE, COMMAND (of the server, separated by spaces).

(require 'package)
(package-initialize)
(require 'eglot)

(defun say (key value)
  (princ (format "%s=%s\n" key (replace-regexp-in-string "\n" "\\\\n" (format "%s" value)))))

(condition-case failure
    (progn
      ;; Only so that a test that fails ends.
      (setq eglot-sync-connect 300 eglot-connect-timeout 300 jsonrpc-default-request-timeout 400)
      (find-file (getenv "FILE"))
      (python-mode)
      ;; The configuration that the README gives, with the test's command in it.
      (add-to-list 'eglot-server-programs `(python-mode . ,(split-string (getenv "COMMAND"))))
      (call-interactively #'eglot)
      (say "managed" (and (eglot-managed-p) t))
      (goto-char (point-max))
      (insert "def area(")
      (eglot--signal-textDocument/didChange)
      ;; The first answers may come before the engine is loaded; a person would ask again.
      (let ((candidates nil) (tries 100))
        (while (and (null candidates) (> (setq tries (1- tries)) 0))
          (let ((found (eglot-completion-at-point)))
            (when found
              (let ((table (nth 2 found)))
                (setq candidates (all-completions (buffer-substring (nth 0 found) (nth 1 found)) table))
                (when candidates
                  (say "candidate" (car candidates))
                  ;; As a completion interface does when the candidate is taken.
                  (delete-region (nth 0 found) (point))
                  (insert (car candidates))
                  (funcall (plist-get (nthcdr 3 found) :exit-function) (car candidates) 'finished)))))
          (unless candidates (sit-for 0.2))))
      (save-buffer)
      (eglot-shutdown (eglot-current-server)))
  (error (say "error" failure)))
;;; eglot.el ends here
