-- Lives in a real Neovim with editors/neovim in it: words and lines of a suggestion, typing through, one's own mappings,
-- <Esc>, `:e!`, every command, the help and :checkhealth. Prints key=value lines.
-- Environment: PLUGIN (editors/neovim), COMMAND (of the server, separated by spaces), FILE.
local play = dofile(vim.fs.joinpath(vim.fs.dirname(debug.getinfo(1, 'S').source:sub(2)), 'play.lua'))
local say, settle = play.say, play.settle
local function keys(text) play.keys(text, true) end

local function ghost()
  local marks = vim.api.nvim_buf_get_extmarks(0, vim.api.nvim_get_namespaces().iquest, 0, -1, { details = true })
  return marks[1] and marks[1][4].virt_text[1][1] or ''
end

local function settle_ghost(text)
  settle('ghost text ' .. text .. ', but ' .. ghost() .. ' behind ' .. vim.api.nvim_get_current_line(), function()
    return ghost() == text
  end)
end

local function settle_line(text)
  settle('the line ' .. text, function() return vim.api.nvim_get_current_line() == text end)
end

local function normal()
  keys('<Esc>')
  settle('normal mode', function() return vim.api.nvim_get_mode().mode == 'n' end)
end

local said = {}
vim.notify = function(text) said[#said + 1] = text end

play.run(function()
  vim.keymap.set('i', '<Tab>', '<C-v>u2192', { desc = 'my own' })
  vim.o.swapfile = false
  local iquest = play.begin()
  settle('status', function() return iquest.status() == 'IQuest' end)
  vim.keymap.set('i', '<C-Right>', '!', { buffer = 0 })

  -- One's own mappings mean what they meant, while nothing is suggested.
  keys('Go<C-u>#<Tab><C-Right>')
  settle_line('#→!')
  say('own', vim.api.nvim_get_current_line())

  -- By word, through what is typed, by line.
  keys('<C-u>def area(')
  settle_ghost('width, height):')
  keys('<C-Right>')
  settle_line('def area(width')
  say('word', ghost())
  keys(', h')
  settle_line('def area(width, h')
  say('through', ghost())
  keys('<C-End>')
  settle_line('def area(width, height):')
  say('line', ghost())
  say('own_again', vim.fn.maparg('<C-Right>', 'i', false, true).rhs)

  -- It goes with insert mode, whatever else changes the text then.
  local changing = vim.api.nvim_create_autocmd('InsertLeave', { buffer = 0, callback = function() vim.fn.append(0, '# changed') end })
  keys('<CR>size = 1<CR>def area(')
  settle('another ghost text', function() return ghost() ~= '' end)
  normal()
  say('escaped', ghost())
  vim.api.nvim_del_autocmd(changing)
  vim.fn.writefile({ 'def area(width, height):', '    return width * height' }, vim.env.FILE)

  -- A file that is read anew shows none either.
  vim.cmd('edit!')
  settle('the server on the file read anew', function() return #vim.lsp.get_clients({ name = 'iquest', bufnr = 0 }) > 0 end)
  keys('Go<C-u>def area(')
  settle_ghost('width, height):')
  vim.cmd('edit!')
  say('read_anew', ghost())
  normal()

  local code = vim.api.nvim_get_current_win()
  local function page(command, name)
    vim.api.nvim_set_current_win(code)
    local before = #said
    vim.cmd(command)
    settle('page ' .. name .. ' ' .. table.concat(said, '; '), function()
      return vim.api.nvim_buf_get_name(0):find('IQuest ' .. name, 1, true) or #said > before
    end)
    local text = #said > before and said[#said] or table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true), '\n')
    say('page_' .. name, text)
  end
  vim.api.nvim_win_set_cursor(0, { 2, 0 })
  page('IQuestWhy', 'why')
  page('1,2IQuestImpact', 'impact')
  page('IQuestSuspects', 'suspects')
  page('IQuestContext', 'context')
  page('IQuestAsk what is an area?', 'answer')
  page('IQuestExplain', 'explanation')
  local windows = #vim.api.nvim_list_wins()
  page('IQuestExplain HEAD', 'explanation')
  say('windows', #vim.api.nvim_list_wins() - windows)
  -- From a page to the commit and the file that it names.
  page('2IQuestWhy', 'why')
  vim.fn.search('\\x\\{10}')
  keys('<CR>')
  settle('the commit', function() return vim.api.nvim_buf_get_name(0):find('explanation', 1, true) end)
  vim.fn.search('shapes.py: ')
  keys('<CR>')
  settle('the file', function() return vim.fs.basename(vim.api.nvim_buf_get_name(0)) == 'shapes.py' end)

  vim.cmd('helptags ' .. vim.env.HELP)
  vim.opt.runtimepath:append(vim.fs.dirname(vim.env.HELP))
  vim.cmd('help iquest')
  say('help', vim.fs.basename(vim.api.nvim_buf_get_name(0)))
  local unknown = {}
  for _, name in ipairs({ 'Explain', 'Why', 'Impact', 'Suspects', 'Ask', 'Context', 'NextEdits' }) do
    if vim.fn.exists(':IQuest' .. name) ~= 2 or #vim.fn.getcompletion(':IQuest' .. name, 'help') == 0 then
      unknown[#unknown + 1] = name
    end
  end
  say('unknown', table.concat(unknown, ' '))
  vim.cmd('checkhealth iquest')
  settle('the check', function() return vim.bo.filetype == 'checkhealth' and vim.fn.search('is found\\|server is', 'nw') > 0 end)
  say('health', table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true), '\n'))
end)
