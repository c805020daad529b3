-- Asks about the code in a real Neovim with editors/neovim in it, and follows what the answer cites. Prints key=value lines.
-- Environment: PLUGIN (editors/neovim), COMMAND (of the server, separated by spaces), FILE.
local play = dofile(vim.fs.joinpath(vim.fs.dirname(debug.getinfo(1, 'S').source:sub(2)), 'play.lua'))
local say, settle = play.say, play.settle

play.run(function()
  local iquest = play.begin()
  settle('status', function() return iquest.status() == 'IQuest' end)
  vim.cmd('IQuestAsk What is an area?')
  local function page() return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true), '\n') end
  settle('the answer', function()
    return vim.api.nvim_buf_get_name(0):find('IQuest answer', 1, true) and page():find('That is all.', 1, true)
  end)
  settle('the whole of it', function() return not page():find('circle', 1, true) end)
  say('page', page())
  vim.fn.search('shapes.py:2')
  play.keys('<CR>', true)
  settle('the place', function() return vim.fs.basename(vim.api.nvim_buf_get_name(0)) == 'shapes.py' end)
  say('gone_to', ('shapes.py:%d'):format(vim.api.nvim_win_get_cursor(0)[1]))
end)
