-- The commands and the <Plug> keys. Nothing else is loaded before one of them is used, or `require('iquest').setup()`.
if vim.g.loaded_iquest then
  return
end
vim.g.loaded_iquest = true

local function lines(command)
  return command.range > 0 and { command.line1, command.line2 } or nil
end

local function define(name, act, options)
  vim.api.nvim_create_user_command(name, function(command) act(require('iquest'), command) end, options)
end

define('IQuestExplain', function(iquest, command) iquest.explain(command.args) end, {
  nargs = '?',
  desc = 'What does the working tree, a commit or a range (A..B) change?',
})
define('IQuestWhy', function(iquest, command) iquest.why(lines(command)) end, { range = true, desc = 'Why is this line so?' })
define('IQuestImpact', function(iquest, command) iquest.impact(lines(command), command.bang) end, {
  range = true,
  bang = true,
  desc = 'What else must change with this line? With !: with the working tree',
})
define('IQuestSuspects', function(iquest, command)
  local log = command.bang and table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true), '\n') or nil
  iquest.suspects(lines(command), log)
end, { range = true, bang = true, desc = 'What may have brought a bug here? With !: the failure in this buffer, a log' })
define('IQuestAsk', function(iquest, command) iquest.ask(command.args) end, { nargs = '+', desc = 'Ask about the code' })
define('IQuestContext', function(iquest) iquest.context() end, { desc = 'What does the model see here?' })
define('IQuestNextEdits', function(iquest) iquest.next_edits() end, { desc = 'What do the edits ask for?' })

for name, act in pairs({ accept = 'accept', ['accept-word'] = 'accept_word', ['accept-line'] = 'accept_line', dismiss = 'dismiss' }) do
  vim.keymap.set('i', ('<Plug>(iquest-%s)'):format(name), function() require('iquest')[act]() end)
end
