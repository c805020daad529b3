-- Types in a real Neovim with editors/neovim in it: ghost text, the accepting key, the commands. Prints key=value lines.
-- Environment: PLUGIN (editors/neovim), COMMAND (of the server, separated by spaces), FILE.
local play = dofile(vim.fs.joinpath(vim.fs.dirname(debug.getinfo(1, 'S').source:sub(2)), 'play.lua'))
local say, keys, settle = play.say, play.keys, play.settle

local space
local function ghost()
  space = space or vim.api.nvim_get_namespaces().iquest
  local marks = vim.api.nvim_buf_get_extmarks(0, space, 0, -1, { details = true })
  return marks[1] and marks[1][4].virt_text[1][1] or ''
end

play.run(function()
  local iquest = play.begin()
  settle('status', function() return iquest.status() == 'IQuest' end)
  say('status', iquest.status())

  keys('Go<C-u>def area(')
  settle('ghost text', function() return ghost() ~= '' end)
  say('ghost', ghost())
  keys('<Tab>', true)
  settle('accepted text', function() return vim.api.nvim_get_current_line():find('height', 1, true) end)
  say('column', vim.api.nvim_win_get_cursor(0)[2])
  say('left', ghost())

  local other = vim.api.nvim_create_namespace('another tool')
  vim.diagnostic.set(other, 0, {
    { lnum = 0, col = 1, message = 'a complaint', severity = vim.diagnostic.severity.WARN },
    { lnum = 0, col = 0, message = 'advice on style', severity = vim.diagnostic.severity.HINT },
  })
  local client = vim.lsp.get_clients({ name = 'iquest' })[1]
  local window
  local place = { textDocument = { uri = vim.uri_from_bufnr(0) }, position = { line = 0, character = 0 } }
  local request = vim.tbl_extend('error', place, { context = { triggerKind = 2 } })
  client:request('textDocument/inlineCompletion', request, function() end)
  settle('the complaint in the window', function()
    client:request('iquest/context', place, function(_, answer)
      for _, chunk in ipairs(answer and answer.chunks or {}) do
        window = chunk.path == '.diagnostics' and chunk.tokens or window
      end
    end)
    return window
  end)
  say('complaint', window)
  keys('<Esc>')
  settle('normal mode', function() return vim.api.nvim_get_mode().mode == 'n' end)
  vim.cmd('write')

  local code = vim.api.nvim_get_current_win()
  iquest.explain()
  settle('explanation', function() return vim.api.nvim_buf_get_name(0):find('explanation', 1, true) end)
  say('explanation', table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true), '\n'))
  vim.cmd('close')
  vim.api.nvim_set_current_win(code)
  vim.api.nvim_win_set_cursor(0, { 1, 0 })
  iquest.why()
  settle('story', function() return vim.api.nvim_buf_get_name(0):find('why', 1, true) end)
  say('why', table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true), '\n'))
  vim.cmd('close')
  vim.api.nvim_set_current_win(code)

  -- Where one looks is told once one stays there; what typing moves is not.
  local told, notify = {}, client.notify
  client.notify = function(self, method, params)
    if method == 'textDocument/didFocus' then
      local file = vim.fs.basename(vim.uri_to_fname(params.textDocument.uri))
      told[#told + 1] = ('%s:%d:%d'):format(file, params.position.line, params.position.character)
    end
    return notify(self, method, params)
  end
  local function settle_focus(count)
    settle('focus ' .. count .. ' after ' .. table.concat(told, ' '), function() return #told == count end)
  end
  local long = vim.fs.joinpath(vim.fs.dirname(vim.env.FILE), 'long.py')
  vim.fn.writefile(vim.fn['repeat']({ "word = '😀'; value = 1" }, 300), long)
  vim.cmd('edit ' .. vim.fn.fnameescape(long))
  vim.cmd('filetype detect')
  settle_focus(1)
  keys('100G200G150G$')
  settle_focus(2)
  keys('jjj')
  settle('three lines more', function() return vim.api.nvim_win_get_cursor(0)[1] == 153 end)
  vim.cmd('buffer ' .. vim.fn.bufnr(vim.env.FILE))
  settle_focus(3)
  say('encoding', client.offset_encoding)
  say('focus', table.concat(told, ' '))
end)
