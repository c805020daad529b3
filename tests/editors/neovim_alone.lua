-- Types in a real Neovim 0.12 with nothing but the lines that a page gives: LINES_OF_THE_PAGE. Prints key=value lines.
local play = dofile(vim.fs.joinpath(vim.fs.dirname(debug.getinfo(1, 'S').source:sub(2)), 'play.lua'))
local say, keys, settle = play.say, play.keys, play.settle

local function ghost()
  local space = vim.api.nvim_get_namespaces()['nvim.lsp.inline_completion']
  local mark = vim.api.nvim_buf_get_extmarks(0, space, 0, -1, { details = true })[1]
  local text = ''
  for _, part in ipairs(mark and mark[4].virt_text or {}) do
    text = text .. part[1]
  end
  return text
end

play.run(function()
  assert(load(vim.env.LINES_OF_THE_PAGE))()
  vim.cmd('filetype plugin on')
  vim.cmd('edit ' .. vim.fn.fnameescape(vim.env.FILE))
  settle('server', function() return vim.lsp.get_clients({ bufnr = 0, name = 'iquest' })[1] end)
  keys('Go<C-u>def area(')
  settle('ghost text', function() return ghost() ~= '' end, function() keys(' <BS>') end)
  say('ghost', ghost())
  keys('<Tab>', true)
  settle('accepted text', function() return vim.api.nvim_get_current_line():find('height', 1, true) end)
  keys('<Esc>:set noexpandtab softtabstop=0<CR>o')
  keys('<Tab>x<Esc>', true) -- where nothing is suggested, the key does what it does
  keys(':write<CR>')
  settle('the file', function() return not vim.bo.modified end)
end)
