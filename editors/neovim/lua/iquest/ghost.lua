--- Ghost text: what is suggested at the cursor, drawn behind it in insert mode. It is typed through, taken as a whole,
--- by word or by line, and gone with insert mode. The keys are mapped only while something is shown, so that what else
--- they are mapped to stays theirs.

local M = {}

local api, lsp = vim.api, vim.lsp
local space = api.nvim_create_namespace('iquest')

---@class iquest.Shown
---@field client vim.lsp.Client
---@field buffer integer
---@field item table an InlineCompletionItem
---@field row integer the row it begins in, from 0
---@field column integer the byte column it begins at
---@field head string what it takes the place of, up to the cursor, as that is typed further
---@field tail string the line behind the cursor
---@field replaced integer the bytes of `tail` that it takes the place of
---@field lines integer the number of lines of the buffer

---@type iquest.Shown?
local shown
local timer = assert(vim.uv.new_timer())
---@type { client: vim.lsp.Client, id: integer }?
local asked
---@type { buffer: integer, lhs: string, before: table? }[] the keys that are mapped now, and what they were before
local mapped = {}
---@type table<string, string|false>
local keys = {}
local debounce = 60

--- The keys that mean something while a suggestion is shown, and what they do then.
local acts = {
  accept = { 'take the suggestion', function() return M.accept('all') end },
  accept_word = { 'take a word of the suggestion', function() return M.accept('word') end },
  accept_line = { 'take a line of the suggestion', function() return M.accept('line') end },
  dismiss = { 'put the suggestion away', function() return M.dismiss() end },
}

local function unmap()
  for _, key in ipairs(mapped) do
    if api.nvim_buf_is_valid(key.buffer) then
      pcall(vim.keymap.del, 'i', key.lhs, { buffer = key.buffer })
      if key.before then
        api.nvim_buf_call(key.buffer, function() vim.fn.mapset('i', false, key.before) end)
      end
    end
  end
  mapped = {}
end

---@param buffer integer
local function map(buffer)
  if #mapped > 0 then
    return
  end
  for name, act in pairs(acts) do
    local lhs = keys[name]
    if lhs then
      local before = api.nvim_buf_call(buffer, function() return vim.fn.maparg(lhs, 'i', false, true) end)
      vim.keymap.set('i', lhs, function()
        -- An expression mapping may not change the text, so the change is put behind it.
        vim.schedule(act[2])
        return ''
      end, { expr = true, buffer = buffer, desc = 'IQuest: ' .. act[1] })
      mapped[#mapped + 1] = { buffer = buffer, lhs = lhs, before = before.buffer == 1 and before or nil }
    end
  end
end

--- Takes the ghost text off the screen, and gives up what is asked for.
function M.clear()
  timer:stop()
  if asked then
    asked.client:cancel_request(asked.id)
    asked = nil
  end
  local now = shown
  shown = nil
  unmap()
  if now and api.nvim_buf_is_valid(now.buffer) then
    api.nvim_buf_clear_namespace(now.buffer, space, 0, -1)
  end
end

--- Whether something is shown in the current buffer.
---@return boolean
function M.is_shown()
  return shown ~= nil and shown.buffer == api.nvim_get_current_buf()
end

--- What of the suggestion is not typed yet; nil where the text is not such that it still fits.
---@param now iquest.Shown
---@return string?
local function rest_of(now)
  local row, column = unpack(api.nvim_win_get_cursor(0))
  local line = api.nvim_get_current_line()
  local same = row - 1 == now.row and column >= now.column and line:sub(column + 1) == now.tail
  if not same or api.nvim_buf_line_count(now.buffer) ~= now.lines then
    return nil
  end
  local typed = line:sub(now.column + 1, column)
  if typed == now.head then
    -- Where a line is set too deep, the suggestion takes the place of what stands before the cursor.
    return vim.startswith(now.item.insertText, typed) and now.item.insertText:sub(#typed + 1)
      or now.item.insertText:gsub('^%s+', '')
  end
  if #typed > #now.head and vim.startswith(now.item.insertText, typed) then
    return now.item.insertText:sub(#typed + 1)
  end
  return nil
end

--- Draws what is left of the suggestion; false where nothing of it fits any more.
---@return boolean
local function draw()
  local now = assert(shown)
  local rest = rest_of(now)
  if not rest or rest == '' then
    return false
  end
  local first, more = rest:match('^([^\n]*)\n?(.*)$')
  local below = {}
  if more ~= '' then
    for _, line in ipairs(vim.split(more, '\n', { plain = true })) do
      below[#below + 1] = { { line, 'IQuestGhost' } }
    end
  end
  api.nvim_buf_clear_namespace(now.buffer, space, 0, -1)
  api.nvim_buf_set_extmark(now.buffer, space, now.row, api.nvim_win_get_cursor(0)[2], {
    virt_text = { { first, 'IQuestGhost' } },
    virt_text_pos = 'inline',
    virt_lines = below,
  })
  map(now.buffer)
  return true
end

---@param client vim.lsp.Client
---@param buffer integer
---@param item table
local function show(client, buffer, item)
  local row, column = unpack(api.nvim_win_get_cursor(0))
  local line = api.nvim_get_current_line()
  local range = item.range or { start = { line = row - 1, character = 0 } }
  if range.start.line ~= row - 1 then
    return
  end
  local function byte(place)
    return vim.str_byteindex(line, client.offset_encoding, place.character, false)
  end
  local start = item.range and byte(range.start) or column
  local stop = item.range and range['end'].line == row - 1 and byte(range['end']) or column
  shown = {
    client = client,
    buffer = buffer,
    item = item,
    row = row - 1,
    column = start,
    head = line:sub(start + 1, column),
    tail = line:sub(column + 1),
    replaced = math.max(stop - column, 0),
    lines = api.nvim_buf_line_count(buffer),
  }
  if not draw() then
    M.clear()
  end
end

---@param client vim.lsp.Client
---@param buffer integer
local function request(client, buffer)
  local tick = api.nvim_buf_get_changedtick(buffer)
  local params = lsp.util.make_position_params(0, client.offset_encoding)
  ---@diagnostic disable-next-line: inject-field
  params.context = { triggerKind = 2 }
  local sent, id = client:request('textDocument/inlineCompletion', params, function(failure, answer)
    asked = nil
    local items = answer and (answer.items or answer) or {}
    local here = api.nvim_get_current_buf() == buffer and api.nvim_buf_get_changedtick(buffer) == tick
    if not failure and here and items[1] and vim.startswith(api.nvim_get_mode().mode, 'i') then
      M.clear()
      show(client, buffer, items[1])
    end
  end, buffer)
  asked = sent and id and { client = client, id = id } or nil
end

---@param text string what is left of a suggestion
---@param part 'all'|'word'|'line'
---@return string
local function piece_of(text, part)
  if part == 'word' then
    return text:match('^%s*[%w_\128-\255]+') or text:match('^%s*[^%s%w_]+') or text
  elseif part == 'line' then
    return text:match('^\n?[^\n]*')
  end
  return text
end

--- Puts the suggestion, or its next word or line, into the text; false where none is shown.
---@param part 'all'|'word'|'line'
---@return boolean
function M.accept(part)
  local now = shown
  local rest = now and now.buffer == api.nvim_get_current_buf() and rest_of(now)
  if not now or not rest or rest == '' then
    M.clear()
    return false
  end
  local piece = piece_of(rest, part)
  local whole = piece == rest
  local row, column = unpack(api.nvim_win_get_cursor(0))
  local typed = api.nvim_get_current_line():sub(now.column + 1, column)
  local text = vim.startswith(now.item.insertText, typed) and typed .. piece or now.item.insertText
  whole = whole or text == now.item.insertText
  M.clear()
  local lines = vim.split(text, '\n', { plain = true })
  local stop = whole and column + now.replaced or column
  api.nvim_buf_set_text(now.buffer, now.row, now.column, now.row, stop, lines)
  local last = #lines == 1 and now.column + #text or #lines[#lines]
  api.nvim_win_set_cursor(0, { row + #lines - 1, last })
  if not whole then
    local length = vim.str_utfindex(text, 'utf-16', #text, false)
    now.client:notify('textDocument/didPartiallyAcceptCompletion', { item = now.item, acceptedLength = length })
  elseif now.item.command then
    now.client:exec_cmd(now.item.command, { bufnr = now.buffer })
  end
  if not whole and #lines == 1 then
    now.head = text
    shown = now
    draw()
  end
  return true
end

--- Puts the suggestion away: it is not offered again there. False where none is shown.
---@return boolean
function M.dismiss()
  local now = shown
  M.clear()
  if now and not now.client:is_stopped() then
    now.client:notify('textDocument/didDismissCompletion', { item = now.item })
  end
  return now ~= nil
end

--- Follows what is typed in a buffer.
---@param client vim.lsp.Client
---@param buffer integer
---@param options iquest.Options
function M.attach(client, buffer, options)
  keys, debounce = options.keys or {}, options.debounce or debounce
  api.nvim_set_hl(0, 'IQuestGhost', { default = true, link = 'Comment' })
  local group = api.nvim_create_augroup('iquest.' .. buffer, {})
  local function ask_soon()
    if shown and shown.buffer == buffer and draw() then
      return -- typed through
    end
    M.clear()
    timer:start(debounce, 0, vim.schedule_wrap(function()
      local typing = api.nvim_get_current_buf() == buffer and vim.startswith(api.nvim_get_mode().mode, 'i')
      if typing and not client:is_stopped() then
        request(client, buffer)
      end
    end))
  end
  api.nvim_create_autocmd({ 'TextChangedI', 'InsertEnter' }, { group = group, buffer = buffer, callback = ask_soon })
  -- The cursor moves with every change as well; then what is shown fits where it stands now, or is asked for anew.
  api.nvim_create_autocmd('CursorMovedI', {
    group = group,
    buffer = buffer,
    callback = function()
      if shown and not rest_of(shown) then
        M.clear()
        ask_soon()
      end
    end,
  })
  -- Out of insert mode, behind the menu of the editor's own completion, and in a text that was read anew, there is none,
  -- whatever else has changed the buffer meanwhile.
  local ends = { 'InsertLeave', 'TextChangedP', 'BufLeave', 'BufReadPre', 'BufReadPost', 'BufUnload', 'LspDetach' }
  api.nvim_create_autocmd(ends, { group = group, buffer = buffer, callback = function() M.clear() end })
end

return M
