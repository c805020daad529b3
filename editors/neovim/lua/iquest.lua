--- IQuest LSP for Neovim 0.11 and newer. Optional: the few lines of the README do without it.
---
---     require('iquest').setup()
---
--- What it adds to them: ghost text with 0.12's own inline completion, or with this file's where that is missing;
--- the engine's state for a status line; :IQuestExplain [REVISION] and :IQuestWhy in a scratch buffer; what other
--- servers complain of near the cursor, for the window; where one looks, so that it is warm before the first key;
--- next edits, in normal mode, and all of them with :IQuestNextEdits.

local M = {}

local api, lsp = vim.api, vim.lsp
local space = api.nvim_create_namespace('iquest')

---@class iquest.Options
---@field cmd? string[] program and arguments that start the server
---@field filetypes? string[] where it is used; all kinds of file when nil
---@field settings? table<string, any> the server's settings, for instance { deadlineMs = 300 }
---@field keys? { accept?: string|false, dismiss?: string|false } insert mode keys; false for none
---@field debounce? integer milliseconds without typing before a suggestion is asked for (before 0.12)

---@type iquest.Options
local defaults = {
  cmd = { 'iquest-lsp', '--stdio' },
  settings = {},
  keys = { accept = '<Tab>', dismiss = '<C-]>' },
  debounce = 60,
}

local next_edits = require('iquest.next_edits')
local options = defaults
---@type { state: string, progress: number, model: string, message: string }?
local status
---@type { buffer: integer, tick: integer, item: table, client: vim.lsp.Client }?
local shown
local timer = assert(vim.uv.new_timer())
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

local function dismiss()
  if shown and api.nvim_buf_is_valid(shown.buffer) then
    api.nvim_buf_clear_namespace(shown.buffer, space, 0, -1)
  end
  shown = nil
end

---@param client vim.lsp.Client
---@param buffer integer
---@param item table an InlineCompletionItem
local function show(client, buffer, item)
  dismiss()
  local first, rest = item.insertText:match('^([^\n]*)\n?(.*)$')
  local lines = {}
  if rest ~= '' then
    for _, line in ipairs(vim.split(rest, '\n', { plain = true })) do
      lines[#lines + 1] = { { line, 'Comment' } }
    end
  end
  local row, column = unpack(api.nvim_win_get_cursor(0))
  api.nvim_buf_set_extmark(buffer, space, row - 1, column, {
    virt_text = { { first, 'Comment' } },
    virt_text_pos = 'inline',
    virt_lines = lines,
  })
  shown = { buffer = buffer, tick = api.nvim_buf_get_changedtick(buffer), item = item, client = client }
end

---@param client vim.lsp.Client
---@param buffer integer
local function request(client, buffer)
  local tick = api.nvim_buf_get_changedtick(buffer)
  local params = lsp.util.make_position_params(0, client.offset_encoding)
  ---@diagnostic disable-next-line: inject-field
  params.context = { triggerKind = 2 }
  client:request('textDocument/inlineCompletion', params, function(failure, answer)
    local items = answer and (answer.items or answer) or {}
    local here = api.nvim_get_current_buf() == buffer and api.nvim_buf_get_changedtick(buffer) == tick
    if not failure and here and items[1] and vim.startswith(api.nvim_get_mode().mode, 'i') then
      show(client, buffer, items[1])
    end
  end, buffer)
end

--- Puts what is suggested into the text; false where nothing is.
---@return boolean
function M.accept()
  if lsp.inline_completion then
    return lsp.inline_completion.get()
  end
  local now = shown
  dismiss()
  if not now or api.nvim_get_current_buf() ~= now.buffer or api.nvim_buf_get_changedtick(now.buffer) ~= now.tick then
    return false
  end
  local item = now.item
  lsp.util.apply_text_edits({ { range = item.range, newText = item.insertText } }, now.buffer, now.client.offset_encoding)
  local lines = vim.split(item.insertText, '\n', { plain = true })
  local row, column = unpack(api.nvim_win_get_cursor(0))
  local last = row + #lines - 1
  local start = #lines == 1 and column or 0
  api.nvim_win_set_cursor(0, { last, math.min(start + #lines[#lines], #api.nvim_buf_get_lines(now.buffer, last - 1, last, true)[1]) })
  return true
end

--- Ghost text for the editors that have none of their own.
---@param client vim.lsp.Client
---@param buffer integer
local function follow(client, buffer)
  local group = api.nvim_create_augroup('iquest.' .. buffer, {})
  api.nvim_create_autocmd({ 'TextChangedI', 'InsertEnter' }, {
    group = group,
    buffer = buffer,
    callback = function()
      dismiss()
      timer:start(options.debounce, 0, vim.schedule_wrap(function()
        if api.nvim_get_current_buf() == buffer and not client:is_stopped() then
          request(client, buffer)
        end
      end))
    end,
  })
  api.nvim_create_autocmd({ 'InsertLeave', 'CursorMovedI' }, {
    group = group,
    buffer = buffer,
    callback = function()
      -- The cursor moves with every change as well; the text then is another one, and the timer runs already.
      if shown and (shown.tick == api.nvim_buf_get_changedtick(buffer)) then
        dismiss()
      end
    end,
  })
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
  if lsp.inline_completion then
    lsp.inline_completion.enable(true, { bufnr = buffer })
  else
    follow(client, buffer)
  end
  local keys = options.keys or {}
  if keys.accept then
    vim.keymap.set('i', keys.accept, function()
      -- An expression mapping may not change the text, so the change is put behind it.
      if lsp.inline_completion and lsp.inline_completion.get() then
        return ''
      end
      if shown then
        vim.schedule(M.accept)
        return ''
      end
      return keys.accept
    end, { expr = true, buffer = buffer, desc = 'IQuest: accept the suggestion' })
  end
  if keys.dismiss then
    vim.keymap.set('i', keys.dismiss, function()
      if shown and not shown.client:is_stopped() then
        shown.client:notify('textDocument/didDismissCompletion', { item = shown.item })
      end
      dismiss()
    end, { buffer = buffer, desc = 'IQuest: put the suggestion away' })
  end
end

---@param title string
---@param lines string[]
local function page(title, lines)
  vim.cmd('botright new')
  local buffer = api.nvim_get_current_buf()
  vim.bo[buffer].buftype, vim.bo[buffer].bufhidden, vim.bo[buffer].filetype = 'nofile', 'wipe', 'markdown'
  api.nvim_buf_set_name(buffer, ('%s (%d)'):format(title, buffer))
  api.nvim_buf_set_lines(buffer, 0, -1, true, lines)
  vim.bo[buffer].modifiable = false
end

---@param method string
---@param params table
---@param done fun(answer: table)
local function ask(method, params, done)
  local client = lsp.get_clients({ name = 'iquest' })[1]
  if not client then
    vim.notify('IQuest: no server runs; open a file first', vim.log.levels.WARN)
    return
  end
  client:request(method, params, function(failure, answer)
    if failure then
      vim.notify('IQuest: ' .. failure.message, vim.log.levels.ERROR)
    else
      done(answer)
    end
  end)
end

---@param lines string[]
---@param heading string
---@param items table[]
---@param text fun(item: table): string
local function section(lines, heading, items, text)
  if #items == 0 then
    return
  end
  vim.list_extend(lines, { '', '## ' .. heading, '' })
  for _, item in ipairs(items) do
    lines[#lines + 1] = '- ' .. text(item):gsub('\n', ' ')
  end
end

local function commit(item)
  return ('%s %s %s: %s'):format(item.commit:sub(1, 10), item.date, item.subject, item.reason)
end

--- The sentences about what an answer lacks.
local function lacks(found)
  return type(found.partial) == 'table' and found.partial or {}
end

--- Explains the working tree, or the revision or range given.
---@param target? string
function M.explain(target)
  local folder = vim.uri_from_fname(vim.fs.root(0, '.git') or vim.fn.getcwd())
  ask('iquest/explainDiff', { folder = folder, target = target or '' }, function(found)
    local lines = { '# ' .. found.summary:gsub('\n', ' '), '', 'Kind of change: ' .. (found.intent == 'change' and 'unknown' or found.intent) }
    section(lines, 'Files', found.files, function(item)
      local names = vim.tbl_map(function(symbol) return symbol.name .. ' (' .. symbol.change .. ')' end, item.symbols)
      return item.path .. ': ' .. item.status .. (#names > 0 and ': ' .. table.concat(names, ', ') or '')
    end)
    local function file(item) return item.path .. ': ' .. item.reason end
    -- files of less confidence are not expected, they only likely change along: that tells something of open work
    local expected = vim.tbl_filter(function(item) return item.confidence >= 0.3 end, found.missing)
    section(lines, 'Perhaps missing', vim.list_slice(expected, 1, 3), file)
    if not target or target == '' or target == '--staged' then
      local likely = vim.tbl_filter(function(item) return item.confidence < 0.3 end, found.missing)
      section(lines, 'Might also change (weak evidence)', vim.list_slice(likely, 1, 3), file)
    end
    section(lines, 'Risks', found.risks, tostring)
    section(lines, 'Related history', found.history, commit)
    section(lines, 'Partial', lacks(found), tostring)
    page('IQuest explanation', lines)
  end)
end

--- Tells why the line at the cursor is so.
function M.why()
  local line = api.nvim_win_get_cursor(0)[1] - 1
  ask('iquest/why', { uri = vim.uri_from_bufnr(0), line = line }, function(found)
    local lines = { '# Why ' .. found.target .. ' is so' }
    if type(found.since) == 'string' then
      lines[#lines + 1] = 'In releases since ' .. found.since .. '.'
    end
    section(lines, 'Story', found.story, commit)
    section(lines, 'Partial', lacks(found), tostring)
    page('IQuest why', lines)
  end)
end

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
  api.nvim_create_user_command('IQuestExplain', function(command) M.explain(command.args) end, { nargs = '?', desc = 'Explain a change' })
  api.nvim_create_user_command('IQuestNextEdits', next_edits.list, { desc = 'What do the edits ask for?' })
  api.nvim_create_user_command('IQuestWhy', M.why, { desc = 'Why is this line so?' })
end

return M
