--- The questions: what a change does, why a line is so, what must change with it, what may have broken it, what the
--- model would see, and whatever else one asks. The server's own words are shown.

local M = {}

local api, lsp = vim.api, vim.lsp
local pages = require('iquest.pages')

--- The server of the current buffer, else any; nil, with a message, where there is none.
---@return vim.lsp.Client?
local function server()
  local client = lsp.get_clients({ name = 'iquest', bufnr = 0 })[1] or lsp.get_clients({ name = 'iquest' })[1]
  if not client then
    vim.notify('IQuest: no server runs; open a file first', vim.log.levels.WARN)
  end
  return client
end

---@param method string
---@param params table
---@param done fun(answer: table)
local function ask(method, params, done)
  local client = server()
  if client then
    client:request(method, params, function(failure, answer)
      if failure then
        vim.notify('IQuest: ' .. failure.message, vim.log.levels.ERROR)
      else
        done(answer)
      end
    end)
  end
end

--- The folder of the repository that the current file is in.
---@return string
local function top()
  return vim.fs.root(0, '.git') or vim.fn.getcwd()
end

--- The lines that a command was given, or the cursor's, from 0.
---@param range? { [1]: integer, [2]: integer } from 1
local function lines_asked(range)
  local first = range and range[1] or api.nvim_win_get_cursor(0)[1]
  local last = range and range[2] or first
  return { uri = vim.uri_from_bufnr(0), line = first - 1, end_line = last > first and last - 1 or nil, markdown = true }
end

--- Explains the working tree, or the revision or range given.
---@param target? string
function M.explain(target)
  local root = top()
  ask('iquest/explainDiff', { folder = vim.uri_from_fname(root), target = target or '', markdown = true }, function(found)
    pages.show('IQuest explanation', found.markdown, root)
  end)
end

--- Tells why the line at the cursor, or those of a range, are so.
---@param range? { [1]: integer, [2]: integer }
function M.why(range)
  local root = top()
  ask('iquest/why', lines_asked(range), function(found)
    pages.show('IQuest why', found.markdown, root)
  end)
end

--- Lists what else must change with the line at the cursor, or those of a range; with "diff" with the working tree.
---@param range? { [1]: integer, [2]: integer }
---@param of_diff? boolean
function M.impact(range, of_diff)
  local root = top()
  local asked = of_diff and { folder = vim.uri_from_fname(root), target = '', markdown = true } or lines_asked(range)
  ask('iquest/impact', asked, function(found)
    pages.show('IQuest impact', found.markdown, root)
  end)
end

--- Ranks the changes that may have brought a bug at the line at the cursor, or, with a `log`, the failure in it.
---@param range? { [1]: integer, [2]: integer }
---@param log? string
function M.suspects(range, log)
  local root = top()
  local asked = log and { folder = vim.uri_from_fname(root), log = log, markdown = true } or lines_asked(range)
  ask('iquest/suspects', asked, function(found)
    pages.show('IQuest suspects', found.markdown, root)
  end)
end

--- Shows what a completion at the cursor would send, why, and what is left out.
function M.context()
  local client = server()
  if not client then
    return
  end
  local root = top()
  ask('iquest/context', lsp.util.make_position_params(0, client.offset_encoding), function(found)
    local text = {
      '# What the model sees here',
      '',
      ('%d of %d tokens; %d of them stay while one types.'):format(found.tokens, found.budget, found.stable_prefix_tokens),
      '',
    }
    for _, chunk in ipairs(found.chunks) do
      local place = chunk['end'] > 0 and (':%d-%d'):format(chunk.start, chunk['end']) or ''
      text[#text + 1] = ('- %s%s: %s, %d tokens: %s'):format(chunk.path, place, chunk.kind, chunk.tokens, chunk.reason)
    end
    if #found.dropped > 0 then
      vim.list_extend(text, { '', '## Left out', '' })
      for _, item in ipairs(found.dropped) do
        text[#text + 1] = ('- %s: %s'):format(item.path, item.reason)
      end
    end
    if type(found.partial) == 'table' then
      vim.list_extend(text, { '', 'Partial: ' .. table.concat(found.partial, '; ') })
    end
    pages.show('IQuest context', table.concat(text, '\n'), vim.uri_to_fname(found.root))
  end)
end

local tokens = 0
---@type table<integer|string, fun(part: table)> who hears the parts of which answer
local listening = {}

--- Parts of answers come as progress; a handler of that of the user's own still hears all other progress.
local function listen()
  local before = lsp.handlers['$/progress']
  lsp.handlers['$/progress'] = function(failure, told, context, ...)
    local heard = told and listening[told.token]
    if heard then
      heard(told.value)
      return nil
    end
    return before(failure, told, context, ...)
  end
end

--- Asks a model that follows instructions; its words are shown as they come.
---@param question string
function M.ask(question)
  local client = server()
  if not client then
    return
  end
  local params = lsp.util.make_position_params(0, client.offset_encoding)
  local root = top()
  if tokens == 0 then
    listen()
  end
  tokens = tokens + 1
  local token = 'iquest-ask-' .. tokens
  local asked = { question = question, partialResultToken = token }
  if vim.bo.buftype == '' and api.nvim_buf_get_name(0) ~= '' then
    asked.uri, asked.position = params.textDocument.uri, params.position
  else
    asked.folder = vim.uri_from_fname(root)
  end
  local buffer
  local head = '# ' .. question .. '\n\n'
  listening[token] = function(part)
    if part.kind == 'text' then
      local more = buffer and part.text or '\n\n' .. part.text
      buffer = buffer or pages.show('IQuest answer', head, root)
      pages.append(buffer, more)
    end
  end
  client:request('iquest/ask', asked, function(failure, answer)
    listening[token] = nil
    if failure then
      vim.notify('IQuest: ' .. failure.message, vim.log.levels.ERROR)
      return
    end
    pages.show('IQuest answer', head .. answer.text, root)
  end)
end

return M
