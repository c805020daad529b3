-- Renames a parameter and its first use in a real Neovim with editors/neovim in it, goes to the next edits and takes them by <Tab>.
-- Environment: PLUGIN (editors/neovim), COMMAND (of the server, separated by spaces), FILE. Prints key=value lines.
local play = dofile(vim.fs.joinpath(vim.fs.dirname(debug.getinfo(1, 'S').source:sub(2)), 'play.lua'))
local say, settle = play.say, play.settle
local function keys(text) play.keys(text, true) end

local function marks()
  local space = vim.api.nvim_get_namespaces()['iquest.next_edits']
  return vim.api.nvim_buf_get_extmarks(0, space, 0, -1, { details = true })
end

local function line(number)
  return vim.api.nvim_buf_get_lines(0, number - 1, number, true)[1]
end

play.run(function()
  play.begin()
  settle('server', function() return #vim.lsp.get_clients({ name = 'iquest', bufnr = 0 }) > 0 end)
  settle('start', function() return vim.lsp.get_clients({ name = 'iquest' })[1].initialized end)
  say('before', #marks())

  for number = 1, 2 do
    vim.fn.cursor(number, line(number):find('item_width', 1, true))
    keys('iside_<Esc>')
    settle('the typed text', function() return line(number):find('side_item_width', 1, true) and vim.api.nvim_get_mode().mode == 'n' end)
  end
  settle('a next edit', function() return #marks() > 0 end, function() vim.cmd('doautocmd CursorHold') end)
  local shown = marks()
  local texts = {}
  for _, mark in ipairs(shown) do
    for _, part in ipairs(mark[4].virt_text or {}) do
      texts[#texts + 1] = part[1]
    end
  end
  table.sort(texts)
  say('shown', table.concat(texts, '|'))
  say('row', shown[1][2])
  say('mapped', vim.fn.maparg('<Tab>', 'n') ~= '' or vim.fn.maparg('<Tab>', 'n', false, true).callback ~= nil)

  keys('<Tab>')
  settle('the jump', function() return vim.api.nvim_win_get_cursor(0)[1] == 3 end)
  say('jumped', line(3))
  keys('<Tab>')
  settle('the edit', function() return line(3):find('side_item_width', 1, true) end)
  say('taken', line(3))
  say('stands_on', line(3):sub(1, vim.api.nvim_win_get_cursor(0)[2] + 1))
  settle('an end', function() return #marks() == 0 end)
  say('mapped_after', vim.fn.maparg('<Tab>', 'n', false, true).callback ~= nil)

  vim.fn.cursor(1, line(1):find(')', 1, true))
  keys('i, depth<Esc>')
  settle('another parameter', function() return line(1):find('depth', 1, true) and vim.api.nvim_get_mode().mode == 'n' end)
  local code = vim.api.nvim_get_current_win()
  local rows = {}
  settle('lines to look at', function()
    rows = vim.fn.getqflist()
    return #rows > 0
  end, function()
    vim.api.nvim_set_current_win(code)
    vim.cmd('IQuestNextEdits')
  end)
  say('to_look_at', ('%d: %s'):format(rows[#rows].lnum, rows[#rows].text))
end)
