--- Pages: what the server says at length, in a scratch window that is used again. `q` closes it; <CR> goes to the file
--- and line, or explains the commit, that the cursor is on.

local M = {}

local api = vim.api
---@type table<string, integer> the buffer of each kind of page
local buffers = {}

--- Markdown as one reads it: without the marks of code and the strokes that keep signs from being marks.
---@param text string
---@return string
local function plain(text)
  return (text:gsub('%*%*', ''):gsub('\\(%p)', '%1'):gsub('`', ''))
end

--- The file and line, or the commit, that is named where the cursor is.
local function follow(window, root)
  local line, column = api.nvim_get_current_line(), api.nvim_win_get_cursor(0)[2] + 1
  local word
  for first, found, last in line:gmatch('()([%w%._/%-:~+]+)()') do
    if not word or first <= column then
      word = found
      if column < last then
        break
      end
    end
  end
  local words = vim.split(line, '[^%w%._/%-:~+]+', { trimempty = true })
  table.insert(words, 1, word or '')
  for _, one in ipairs(words) do
    one = one:gsub(':$', '')
    local path, row = one:match('^(.-):(%d+)')
    local file = vim.fs.joinpath(root, path or one)
    if one ~= '' and vim.fn.filereadable(file) == 1 then
      if api.nvim_win_is_valid(window) then
        api.nvim_set_current_win(window)
      end
      vim.cmd.edit(vim.fn.fnameescape(file))
      if row then
        api.nvim_win_set_cursor(0, { math.min(tonumber(row) or 1, api.nvim_buf_line_count(0)), 0 })
      end
      return
    end
    if one:match('^%x%x%x%x%x%x%x+$') then
      require('iquest.questions').explain(one)
      return
    end
  end
end

--- Shows a page; returns its buffer.
---@param title string
---@param markdown string
---@param root? string the folder that paths in it are relative to
---@return integer
function M.show(title, markdown, root)
  local from = vim.b.iquest_from or api.nvim_get_current_win()
  local buffer = buffers[title]
  if not buffer or not api.nvim_buf_is_valid(buffer) then
    buffer = api.nvim_create_buf(false, true)
    buffers[title] = buffer
    vim.bo[buffer].bufhidden = 'wipe'
    api.nvim_buf_set_name(buffer, ('%s (%d)'):format(title, buffer))
  end
  local window = vim.fn.bufwinid(buffer)
  if window == -1 then
    vim.cmd('botright split')
    api.nvim_win_set_buf(0, buffer)
  else
    api.nvim_set_current_win(window)
  end
  vim.b[buffer].iquest_from = from
  vim.bo[buffer].modifiable = true
  api.nvim_buf_set_lines(buffer, 0, -1, true, vim.split(plain(vim.trim(markdown)), '\n', { plain = true }))
  vim.bo[buffer].modifiable, vim.bo[buffer].filetype = false, 'markdown'
  vim.wo.wrap, vim.wo.linebreak = true, true
  api.nvim_win_set_cursor(0, { 1, 0 })
  vim.keymap.set('n', 'q', '<Cmd>close<CR>', { buffer = buffer, desc = 'Close the page' })
  vim.keymap.set('n', '<CR>', function()
    follow(from, root or vim.fn.getcwd())
  end, { buffer = buffer, desc = 'Go to the file, or explain the commit, under the cursor' })
  return buffer
end

--- Adds to the end of a page that is open, as words come.
---@param buffer integer
---@param text string
function M.append(buffer, text)
  if not api.nvim_buf_is_valid(buffer) then
    return
  end
  local last = api.nvim_buf_get_lines(buffer, -2, -1, false)[1] or ''
  vim.bo[buffer].modifiable = true
  api.nvim_buf_set_lines(buffer, -2, -1, false, vim.split(last .. text, '\n', { plain = true }))
  vim.bo[buffer].modifiable = false
end

return M
