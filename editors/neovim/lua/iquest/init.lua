--- IQuest LSP for Neovim 0.11 and newer; `:help iquest` tells all of it.
---
---     require('iquest').setup()
---
--- Starts the server, shows what it suggests, keeps the engine's state for a status line, tells the server where one
--- looks, so that it is warm before the first key, and what other servers complain of near the cursor. The questions are
--- in `iquest.questions`, ghost text in `iquest.ghost`, next edits in `iquest.next_edits`.

local M = {}

local api, lsp = vim.api, vim.lsp

---@class iquest.Keys
---@field accept? string|false
---@field accept_word? string|false
---@field accept_line? string|false
---@field dismiss? string|false

---@class iquest.Options
---@field cmd? string[] program and arguments that start the server
---@field filetypes? string[] where it is used; all kinds of file when nil
---@field settings? table<string, any> the server's settings, for instance { deadlineMs = 300 }
---@field keys? iquest.Keys keys while something is suggested; false for none
---@field debounce? integer milliseconds without typing before a suggestion is asked for
---@field builtin? boolean leave ghost text to Neovim 0.12's own vim.lsp.inline_completion

---@type iquest.Options
local defaults = {
  cmd = { 'iquest-lsp', '--stdio' },
  settings = {},
  keys = { accept = '<Tab>', accept_word = '<C-Right>', accept_line = '<C-End>', dismiss = '<C-]>' },
  debounce = 60,
  builtin = false,
}

local ghost = require('iquest.ghost')
local next_edits = require('iquest.next_edits')
local questions = require('iquest.questions')
local options = defaults
---@type { state: string, progress: number, model: string, message: string }?
local status
---@type { client: integer, buffer: integer, row: integer }?
local looked
local settling = assert(vim.uv.new_timer())
--- A move of more lines than typing and accepting make; who steps through places is told of where they stay.
local FAR, SETTLE_MS = 10, 100

--- The engine's state in a few words, for a status line; empty when there is no server.
---@return string
function M.status()
  if not status then
    return ''
  end
  if status.state == 'loading' then
    return ('IQuest %d%%'):format(math.floor(status.progress * 100 + 0.5))
  end
  return (status.state == 'ready' or status.state == 'busy') and 'IQuest' or 'IQuest: ' .. status.state
end

--- Puts what is suggested into the text; false where nothing is.
---@return boolean
function M.accept()
  if options.builtin then
    return lsp.inline_completion.get() or false
  end
  return ghost.accept('all')
end

--- Puts the next word of what is suggested into the text; false where nothing is.
---@return boolean
function M.accept_word()
  return ghost.accept('word')
end

--- Puts the rest of the line that is suggested into the text; false where nothing is.
---@return boolean
function M.accept_line()
  return ghost.accept('line')
end

--- Puts what is suggested away; it is not offered again there. False where nothing is.
---@return boolean
function M.dismiss()
  return ghost.dismiss()
end

--- Tells the server of another file, or another place in it, that is looked at.
---@param client vim.lsp.Client
---@param buffer integer
local function look(client, buffer)
  if api.nvim_get_current_buf() ~= buffer then
    return
  end
  local row = api.nvim_win_get_cursor(0)[1]
  if looked and looked.client == client.id and looked.buffer == buffer and math.abs(row - looked.row) <= FAR then
    looked.row = row
    return
  end
  looked = { client = client.id, buffer = buffer, row = row }
  settling:start(SETTLE_MS, 0, vim.schedule_wrap(function()
    if api.nvim_get_current_buf() == buffer and not client:is_stopped() then
      client:notify('textDocument/didFocus', lsp.util.make_position_params(0, client.offset_encoding))
    end
  end))
end

---@param client vim.lsp.Client
---@param buffer integer
local function attached(client, buffer)
  api.nvim_create_autocmd({ 'BufEnter', 'WinEnter', 'CursorMoved', 'CursorMovedI' }, {
    group = api.nvim_create_augroup('iquest.focus.' .. buffer, {}),
    buffer = buffer,
    callback = function()
      look(client, buffer)
    end,
  })
  look(client, buffer)
  next_edits.attach(client, buffer, options.keys or {})
  if options.builtin then
    lsp.inline_completion.enable(true, { bufnr = buffer })
  else
    ghost.attach(client, buffer, options)
  end
end

M.explain, M.why, M.impact, M.suspects = questions.explain, questions.why, questions.impact, questions.suspects
M.context, M.ask, M.next_edits = questions.context, questions.ask, next_edits.list

--- Answers the server's question for what others complain of in a part of a document; hints stay out.
---@param asked { textDocument: { uri: string }, range: lsp.Range }
---@param client vim.lsp.Client
---@return table[]
local function complaints(asked, client)
  local buffer = vim.uri_to_bufnr(asked.textDocument.uri)
  if not api.nvim_buf_is_loaded(buffer) then
    return {}
  end
  local function place(row, column)
    local line = api.nvim_buf_get_lines(buffer, row, row + 1, false)[1] or ''
    return { line = row, character = vim.str_utfindex(line, client.offset_encoding, math.min(column, #line), false) }
  end
  local found = {}
  for _, one in ipairs(vim.diagnostic.get(buffer, { severity = { min = vim.diagnostic.severity.INFO } })) do
    local last = one.end_lnum or one.lnum
    if one.lnum <= asked.range['end'].line and last >= asked.range.start.line then
      found[#found + 1] = {
        range = { start = place(one.lnum, one.col), ['end'] = place(last, one.end_col or one.col) },
        severity = one.severity,
        message = one.message,
      }
    end
  end
  return found
end

--- Starts the server for the files that are opened from now on.
---@param given? iquest.Options
function M.setup(given)
  options = vim.tbl_deep_extend('force', defaults, given or {})
  M.options = options
  vim.cmd.runtime('plugin/iquest.lua') -- where the folder came onto 'runtimepath' after the start
  lsp.config('iquest', {
    cmd = options.cmd,
    filetypes = options.filetypes,
    root_markers = { 'iquest.toml', '.git' },
    init_options = options.settings,
    capabilities = { experimental = { iquest = { diagnostics = true, status = true } } },
    handlers = {
      ['iquest/status'] = function(_, now)
        status = now
        vim.cmd.redrawstatus()
      end,
      ['iquest/diagnostics'] = function(_, asked, context)
        return complaints(asked, assert(lsp.get_client_by_id(context.client_id)))
      end,
    },
    on_attach = attached,
  })
  lsp.enable('iquest')
end

return M
