-- Types in a real Neovim with editors/neovim in it: ghost text, the accepting key, the commands. Prints key=value lines.
-- Environment: PLUGIN (editors/neovim), COMMAND (of the server, separated by spaces), FILE.
local function say(key, value)
  io.stdout:write(key .. '=' .. tostring(value):gsub('\n', '\\n') .. '\n')
end


local function keys(text)
  vim.api.nvim_feedkeys(vim.api.nvim_replace_termcodes(text, true, false, true), 'n', false)
end

local space
local function ghost()
  space = space or vim.api.nvim_get_namespaces().iquest
  local marks = vim.api.nvim_buf_get_extmarks(0, space, 0, -1, { details = true })
  return marks[1] and marks[1][4].virt_text[1][1] or ''
end

-- Keys are read by the editor's own loop, so the test is a coroutine that lets it run.
local steps = coroutine.create(function()
  local function settle(what, ready)
    local last = vim.uv.now() + 60000
    while not ready() do
      assert(vim.uv.now() < last, 'no ' .. what)
      coroutine.yield()
    end
  end

  vim.opt.runtimepath:prepend(vim.env.PLUGIN)
  local iquest = require('iquest')
  iquest.setup({ cmd = vim.split(vim.env.COMMAND, ' ') })
  vim.cmd('edit ' .. vim.fn.fnameescape(vim.env.FILE))
  vim.cmd('filetype detect')
  settle('status', function() return iquest.status() == 'IQuest' end)
  say('status', iquest.status())

  keys('Go<C-u>def area(')
  settle('ghost text', function() return ghost() ~= '' end)
  say('ghost', ghost())
  vim.api.nvim_feedkeys(vim.api.nvim_replace_termcodes('<Tab>', true, false, true), 'm', false)
  settle('accepted text', function() return vim.api.nvim_get_current_line():find('height', 1, true) end)
  say('column', vim.api.nvim_win_get_cursor(0)[2])
  say('left', ghost())
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
end)

local timer = vim.uv.new_timer()
timer:start(50, 50, vim.schedule_wrap(function()
  if coroutine.status(steps) ~= 'dead' then
    local ok, failure = coroutine.resume(steps)
    if not ok then
      say('error', failure)
    end
  end
  if coroutine.status(steps) == 'dead' then
    timer:stop()
    vim.cmd('qa!')
  end
end))
