-- Renames a function in a real Neovim with editors/neovim in it, and goes to its use in a file that is not on the screen.
-- Environment: PLUGIN (editors/neovim), COMMAND (of the server, separated by spaces), FILE. Prints key=value lines.
local play = dofile(vim.fs.joinpath(vim.fs.dirname(debug.getinfo(1, 'S').source:sub(2)), 'play.lua'))
local say, settle = play.say, play.settle
local function keys(text) play.keys(text, true) end

local function marks()
  return vim.api.nvim_buf_get_extmarks(0, vim.api.nvim_get_namespaces()['iquest.next_edits'], 0, -1, { details = true })
end

play.run(function()
  vim.o.hidden = true
  play.begin()
  settle('server', function() return #vim.lsp.get_clients({ name = 'iquest', bufnr = 0 }) > 0 end)
  settle('start', function() return vim.lsp.get_clients({ name = 'iquest' })[1].initialized end)
  vim.fn.cursor(1, 5)
  keys('iwhole_<Esc>')
  settle('an edit elsewhere', function() return #marks() > 0 end, function() vim.cmd('doautocmd CursorHold') end)
  say('elsewhere', marks()[1][4].virt_text[1][1])
  keys('<Tab>')
  settle('the other file', function() return vim.fs.basename(vim.api.nvim_buf_get_name(0)) == 'rooms.py' and #marks() > 0 end)
  keys('<Tab>')
  settle('the edit', function() return vim.api.nvim_get_current_line() == 'from shapes import whole_room_area' end)
  say('column', vim.api.nvim_win_get_cursor(0)[2] + 1)
end)
