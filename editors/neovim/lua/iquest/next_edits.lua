--- The next edit: what the edits just made ask for elsewhere. One is shown at a time: the old text struck, the new one
--- beside it. <Tab> goes there, and takes it where the cursor is on its line; it is mapped only while one is shown.

local M = {}

local api, lsp = vim.api, vim.lsp
local space = api.nvim_create_namespace('iquest.next_edits')
local PAUSE_MS = 120

---@type { item: table, client: vim.lsp.Client, buffer: integer, tick: integer, rest: integer }?
local shown
---@type table<integer, { lhs: string, mode: string }[]> what is mapped in each buffer
local mapped = {}
local timer = assert(vim.uv.new_timer())

local function unmap(buffer)
  for _, key in ipairs(mapped[buffer] or {}) do
    pcall(vim.keymap.del, key.mode, key.lhs, { buffer = buffer })
  end
  mapped[buffer] = nil
end

--- Takes what is shown off the screen.
function M.clear()
  local now = shown
  shown = nil
  if now then
    unmap(now.buffer)
    for _, buffer in ipairs(api.nvim_list_bufs()) do
      if api.nvim_buf_is_loaded(buffer) then
        api.nvim_buf_clear_namespace(buffer, space, 0, -1)
      end
    end
  end
end

local function target(item)
  return vim.uri_to_fname(item.textDocument.uri)
end

--- A place of the protocol as row and byte column.
---@param client vim.lsp.Client
local function place(client, buffer, position)
  local line = api.nvim_buf_get_lines(buffer, position.line, position.line + 1, false)[1] or ''
  return position.line, vim.str_byteindex(line, client.offset_encoding, position.character, false)
end

--- Puts the cursor onto the last sign of a text that was put in at a place: where one goes on. Of whole lines that is
--- the end of the last one, not before what stood there.
local function stand_behind(row, column, text)
  local lines = vim.split((text:gsub('\n$', '')), '\n', { plain = true })
  local stop = (#lines == 1 and column or 0) + #lines[#lines]
  row = math.min(row + #lines - 1, api.nvim_buf_line_count(0) - 1) -- the last line may be what was taken away
  local line = api.nvim_buf_get_lines(0, row, row + 1, false)[1] or ''
  if text ~= '' and stop > 0 then
    stop = stop - 1 + vim.str_utf_start(line, stop)
  end
  api.nvim_win_set_cursor(0, { row + 1, math.min(stop, #line) })
end

--- Whether a line, from 0, of a buffer is on the screen.
local function in_sight(buffer, row)
  for _, window in ipairs(buffer > 0 and vim.fn.win_findbuf(buffer) or {}) do
    local from = vim.fn.line('w0', window)
    if api.nvim_win_get_tabpage(window) == api.nvim_get_current_tabpage() and from <= row + 1 and row < vim.fn.line('w$', window) then
      return true
    end
  end
  return false
end

local function draw(now)
  local item, client = now.item, now.client
  local more = now.rest > 0 and ('  +%d more'):format(now.rest) or ''
  local buffer = vim.fn.bufnr(target(item))
  if not in_sight(buffer, item.range.start.line) then
    local here = api.nvim_win_get_cursor(0)[1] - 1
    local where = ('  next: %s:%d%s'):format(vim.fn.fnamemodify(target(item), ':.'), item.range.start.line + 1, more)
    api.nvim_buf_set_extmark(now.buffer, space, here, 0, { virt_text = { { where, 'Comment' } }, virt_text_pos = 'eol' })
  end
  if buffer < 0 or not api.nvim_buf_is_loaded(buffer) then
    return
  end
  local row, column = place(client, buffer, item.range.start)
  local last, stop = place(client, buffer, item.range['end'])
  if last >= api.nvim_buf_line_count(buffer) then
    last, stop = api.nvim_buf_line_count(buffer) - 1, -1
    stop = #api.nvim_buf_get_lines(buffer, last, last + 1, false)[1]
  end
  if item.old ~= '' then
    -- Struck and with an arrow behind it, so that old and new are told apart without colours.
    api.nvim_set_hl(0, 'IQuestStruck', { default = true, strikethrough = true })
    for _, group in ipairs({ 'IQuestOld', 'IQuestStruck' }) do
      api.nvim_buf_set_extmark(buffer, space, row, column, { end_row = last, end_col = stop, hl_group = group, priority = 200 })
    end
  end
  local first, rest = item.text:match('^([^\n]*)\n?(.*)$')
  local below = {}
  if rest ~= '' then
    for _, line in ipairs(vim.split(rest, '\n', { plain = true })) do
      below[#below + 1] = { { line, 'IQuestNew' } }
    end
  end
  api.nvim_buf_set_extmark(buffer, space, last, stop, {
    virt_text = { { item.old ~= '' and '→' or '', 'Comment' }, { first, 'IQuestNew' } },
    virt_text_pos = 'inline',
    virt_lines = #below > 0 and below or nil,
  })
  -- The count first: a narrow window cuts the end off.
  local about = more .. '  ' .. item.reason
  api.nvim_buf_set_extmark(buffer, space, row, 0, { virt_text = { { about, 'Comment' } }, virt_text_pos = 'eol', sign_text = '»', sign_hl_group = 'IQuestNew' })
end

--- Goes to the edit that is shown, or takes it where the cursor is on its line; false where none is shown.
---@return boolean
function M.take()
  local now = shown
  if not now or api.nvim_buf_get_changedtick(now.buffer) ~= now.tick then
    M.clear()
    return false
  end
  local item, client = now.item, now.client
  local file = target(item)
  local row = api.nvim_win_get_cursor(0)[1] - 1
  if api.nvim_get_current_buf() ~= vim.fn.bufnr(file) or row ~= item.range.start.line then
    M.clear()
    lsp.util.show_document({ uri = item.textDocument.uri, range = { start = item.range.start, ['end'] = item.range.start } }, client.offset_encoding, { focus = true })
    M.show(client, api.nvim_get_current_buf(), item, now.rest)
    return true
  end
  M.clear()
  client:request('workspace/executeCommand', { command = item.command.command, arguments = item.command.arguments }, function() end)
  local first, column = place(client, api.nvim_get_current_buf(), item.range.start)
  lsp.util.apply_text_edits({ { range = item.range, newText = item.text } }, api.nvim_get_current_buf(), client.offset_encoding)
  stand_behind(first, column, item.text)
  return true
end

--- Puts what is shown away; it does not come again at that place. False where none is shown.
---@return boolean
function M.dismiss()
  local now = shown
  M.clear()
  if now then
    now.client:notify('iquest/dismissNextEdit', { item = now.item })
  end
  return now ~= nil
end

---@param client vim.lsp.Client
---@param buffer integer the buffer that one is in
---@param item table
---@param rest integer how many come after it
function M.show(client, buffer, item, rest)
  M.clear()
  shown = { item = item, client = client, buffer = buffer, tick = api.nvim_buf_get_changedtick(buffer), rest = rest }
  draw(shown)
  mapped[buffer] = {}
  local function map(lhs, act, description)
    if lhs and vim.fn.maparg(lhs, 'n', false, true).buffer ~= 1 then
      vim.keymap.set('n', lhs, act, { buffer = buffer, desc = description })
      table.insert(mapped[buffer], { lhs = lhs, mode = 'n' })
    end
  end
  map(M.keys.accept, M.take, 'IQuest: go to the next edit, or take it')
  map(M.keys.dismiss, M.dismiss, 'IQuest: put the next edit away')
end

---@param client vim.lsp.Client
---@param buffer integer
---@param done fun(items: table[], places: table[])
---@param more? table
local function ask(client, buffer, done, more)
  local tick = api.nvim_buf_get_changedtick(buffer)
  local params = lsp.util.make_position_params(0, client.offset_encoding)
  ---@diagnostic disable-next-line: inject-field
  params.textDocument.version = lsp.util.buf_versions[buffer]
  client:request('iquest/nextEdits', vim.tbl_extend('error', params, more or {}), function(failure, answer)
    local here = api.nvim_get_current_buf() == buffer and api.nvim_buf_get_changedtick(buffer) == tick
    if not failure and answer and here then
      done(answer.items, answer.places or {})
    end
  end, buffer)
end

--- All that is left to do, in the quickfix list: edits, and behind them lines to look at, which are no edits.
function M.list()
  local client = lsp.get_clients({ name = 'iquest', bufnr = 0 })[1]
  if not client then
    vim.notify('IQuest: no server runs; open a file first', vim.log.levels.WARN)
    return
  end
  ask(client, api.nvim_get_current_buf(), function(items, places)
    local function row(item, text)
      return { filename = target(item), lnum = item.range.start.line + 1, col = item.range.start.character + 1, text = text }
    end
    local rows = {}
    for _, item in ipairs(items) do
      rows[#rows + 1] = row(item, ('%s → %s  (%s)'):format(item.old, item.text, item.reason))
    end
    for _, place in ipairs(places) do
      rows[#rows + 1] = row(place, ('to look at: %s'):format(place.reason))
    end
    vim.fn.setqflist({}, ' ', { title = 'IQuest: what the edits ask for', items = rows })
    vim.cmd(#rows > 0 and 'copen' or 'cclose')
  end, { places = true })
end

--- Follows what is edited in a buffer.
---@param client vim.lsp.Client
---@param buffer integer
---@param keys { accept?: string|false, dismiss?: string|false }
function M.attach(client, buffer, keys)
  M.keys = keys
  api.nvim_set_hl(0, 'IQuestOld', { default = true, link = 'DiffDelete' })
  api.nvim_set_hl(0, 'IQuestNew', { default = true, link = 'DiffAdd' })
  local group = api.nvim_create_augroup('iquest.next_edits.' .. buffer, {})
  local function soon()
    timer:start(PAUSE_MS, 0, vim.schedule_wrap(function()
      if api.nvim_get_current_buf() ~= buffer or client:is_stopped() or api.nvim_get_mode().mode ~= 'n' then
        return
      end
      ask(client, buffer, function(items)
        if items[1] and api.nvim_get_mode().mode == 'n' then
          M.show(client, buffer, items[1], #items - 1)
        end
      end)
    end))
  end
  api.nvim_create_autocmd({ 'TextChanged', 'InsertLeave' }, {
    group = group,
    buffer = buffer,
    callback = function()
      M.clear()
      soon()
    end,
  })
  -- What took longer than the server lets a question wait is there when one pauses.
  api.nvim_create_autocmd('CursorHold', {
    group = group,
    buffer = buffer,
    callback = function()
      if not shown then
        soon()
      end
    end,
  })
  api.nvim_create_autocmd({ 'InsertEnter', 'BufLeave' }, { group = group, buffer = buffer, callback = M.clear })
end

return M
