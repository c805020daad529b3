-- What scripts that play in a real Neovim share. `-u NONE` reads no path for modules, so they load it by its own:
--   local play = dofile(vim.fs.joinpath(vim.fs.dirname(debug.getinfo(1, 'S').source:sub(2)), 'play.lua'))
-- Environment: PLUGIN (editors/neovim), COMMAND (of the server, separated by spaces), FILE.
local play = {}

--- Prints a key=value line.
function play.say(key, value)
  io.stdout:write(key .. '=' .. tostring(value):gsub('\n', '\\n') .. '\n')
end

--- Types keys; with `mapped` what is mapped to them counts.
function play.keys(text, mapped)
  vim.api.nvim_feedkeys(vim.api.nvim_replace_termcodes(text, true, false, true), mapped and 'm' or 'n', false)
end

--- Lets the editor run until something is ready; only within `run`. `again`, if given, is what a person does who waits
--- for long: answers that were asked for before the server was ready are not sent again by themselves.
function play.settle(what, ready, again)
  local last = vim.uv.now() + 300000 -- only so that a test that fails ends
  local pause = vim.uv.now() + 5000
  while not ready() do
    assert(vim.uv.now() < last, 'no ' .. what)
    if again and vim.uv.now() > pause then
      again()
      pause = vim.uv.now() + 5000
    end
    coroutine.yield()
  end
end

--- Sets the plug-in up and opens FILE; returns the plug-in.
function play.begin()
  vim.opt.runtimepath:prepend(vim.env.PLUGIN)
  local iquest = require('iquest')
  iquest.setup({ cmd = vim.split(vim.env.COMMAND, ' ') })
  vim.cmd('edit ' .. vim.fn.fnameescape(vim.env.FILE))
  vim.cmd('filetype detect')
  return iquest
end

--- Plays some steps and quits. Keys are read by the editor's own loop, so they are a coroutine that lets it run.
function play.run(steps)
  local thread = coroutine.create(steps)
  local timer = vim.uv.new_timer()
  timer:start(50, 50, vim.schedule_wrap(function()
    if coroutine.status(thread) ~= 'dead' then
      local ok, failure = coroutine.resume(thread)
      if not ok then
        play.say('error', failure)
      end
    end
    if coroutine.status(thread) == 'dead' then
      timer:stop()
      vim.cmd('qa!')
    end
  end))
end

return play
