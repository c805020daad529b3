# For kakrc, behind the line `eval %sh{kak-lsp}`: this server beside those that kak-lsp has for a file type anyway. Its
# hooks for them run first, on the same event, so that this one adds to what they set. Where you set lsp_servers
# yourself, that event does not come: add the table there.

hook -group iquest global User LSPDefaultConfig=(?:python|javascript|typescript|java|go|rust|c|cpp) %{
    set-option -add buffer lsp_servers %{
        [iquest]
        command = "iquest-lsp"
        args = ["--stdio"]
        root_globs = ["iquest.toml", ".git"]
    }
}
