-- Opens FILE in a real Neovim, asks the real server for a completion at LINE (1-based), inserts it, saves the file.
-- Environment: PYTHON, FILE, LINE, ARGUMENTS (of the server, separated by spaces). Prints key=value lines.
local function say(key, value)
  local text = tostring(value):gsub('\n', '\\n')
  io.stdout:write(key .. '=' .. text .. '\n')
end

local ok, failure = pcall(function()
  vim.cmd('edit ' .. vim.fn.fnameescape(vim.env.FILE))
  vim.bo.filetype = 'python'
  local command = { vim.env.PYTHON, '-m', 'iquest_lsp.cli' }
  vim.list_extend(command, vim.split(vim.env.ARGUMENTS, ' ', { trimempty = true }))
  local id = vim.lsp.start({ name = 'iquest', cmd = command, root_dir = vim.fs.dirname(vim.env.FILE) })
  local client = vim.lsp.get_client_by_id(id)
  assert(vim.wait(300000, function() return client.initialized end, 20), 'not initialized')
  say('inline', client.server_capabilities.inlineCompletionProvider ~= nil)
  say('encoding', client.offset_encoding)

  local line = tonumber(vim.env.LINE)
  local text = vim.api.nvim_buf_get_lines(0, line - 1, line, true)[1]
  vim.api.nvim_win_set_cursor(0, { line, #text })
  local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
  params.position.character = vim.str_utfindex(text, client.offset_encoding)
  params.context = { triggerKind = 2 }

  -- The first answers may come before the model is loaded; a person would type on, so ask again.
  local items
  vim.wait(300000, function()
    local answer = client:request_sync('textDocument/inlineCompletion', params, 400000, 0)
    items = answer and answer.result and answer.result.items or {}
    return #items > 0
  end, 200)
  assert(items and #items > 0, 'no completion')
  local item = items[1]
  say('text', item.insertText)
  assert(item.range, 'an item without a range')
  vim.lsp.util.apply_text_edits({ { range = item.range, newText = item.insertText } }, vim.api.nvim_get_current_buf(), client.offset_encoding)
  vim.cmd('write')
  say('line', vim.api.nvim_buf_get_lines(0, line - 1, line, true)[1])

  say('version', tostring(vim.version()))
end)
if not ok then say('error', failure) end
vim.cmd('qa!')
