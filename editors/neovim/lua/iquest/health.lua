--- `:checkhealth iquest`: is the editor new enough, is the server found, does it run here, what does it say of itself?

local M = {}

--- The output of a command and whether it ended well; a program that is not there is no error here.
---@param command string[]
---@return boolean, string
local function run(command)
  local started, process = pcall(vim.system, command, { text = true })
  if not started then
    return false, tostring(process)
  end
  local done = process:wait(30000)
  return done.code == 0, done.stdout ~= '' and done.stdout or done.stderr or ''
end

function M.check()
  local health = vim.health
  local iquest = require('iquest')
  health.start('iquest')
  if vim.fn.has('nvim-0.11') == 1 then
    health.ok('Neovim ' .. tostring(vim.version()))
  else
    health.error('Neovim 0.11 is needed', 'This is ' .. tostring(vim.version()))
    return
  end
  if not iquest.options then
    health.error('The plug-in is not set up', "Call require('iquest').setup() from your init.lua; with lazy.nvim give `opts = {}`")
    return
  end
  local program = iquest.options.cmd[1]
  if vim.fn.executable(program) == 0 then
    health.error(program .. ' is not found', 'Install it as the README says, or name it in setup({ cmd = { ... } })')
    return
  end
  health.ok('the server is ' .. vim.fn.exepath(program))
  local clients = vim.lsp.get_clients({ name = 'iquest' })
  if #clients == 0 then
    health.warn('no server runs', 'It starts with the first file that you open; `:checkhealth vim.lsp` tells of failures')
  end
  for _, client in ipairs(clients) do
    local about = client.server_info or {}
    local files = vim.tbl_count(client.attached_buffers)
    health.ok(('runs for %s: %s %s, open files: %d'):format(client.root_dir or 'single files', about.name or 'iquest-lsp', about.version or '', files))
  end
  local state = iquest.status()
  if state ~= '' then
    health.info('the engine: ' .. state)
  end
  if iquest.options.builtin and not vim.lsp.inline_completion then
    health.error('`builtin` needs Neovim 0.12', 'Take it out of setup()')
  end
  for name, lhs in pairs(iquest.options.keys) do
    local taken = lhs and vim.fn.maparg(lhs, 'i', false, true) or {}
    if taken.lhs and not (taken.desc or ''):find('^IQuest') then
      health.info(('%s (%s) is mapped by you too: it means IQuest only while something is suggested'):format(lhs, name))
    end
  end
  if vim.fs.basename(program):find('iquest%-lsp') then
    local well, report = run({ program, 'doctor', '--json' })
    local read, found = pcall(vim.json.decode, report)
    if read and type(found) == 'table' and found.checks then
      for _, check in ipairs(found.checks) do
        local text = check.name .. ': ' .. check.detail
        if check.ok then
          health.ok(text)
        else
          health.warn(text, '`iquest-lsp doctor --fix` mends what it can')
        end
      end
    elseif not well then
      health.warn('`iquest-lsp doctor` says: ' .. vim.trim(report))
    end
  end
end

return M
