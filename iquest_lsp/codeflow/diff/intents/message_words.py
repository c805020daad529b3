"""What the words of a message speak for, and the issues that it names; read in English and Chinese."""

from __future__ import annotations

import re
from collections import Counter, defaultdict

from iquest_lsp.codeflow.diff.intents.shape import Shape
from iquest_lsp.codeflow.syntax.paths import Category

# (pattern, kind, weight): the subject's words; the first word counts double.
#: Beside Chinese, which has no spaces, an English word begins and ends too: only ASCII counts as a word's signs.
_KEYWORDS: tuple[tuple[re.Pattern[str], str, float], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE | re.ASCII), kind, weight)
    for pattern, kind, weight in (
        # What is removed, documented or mended since it is deprecated is not being deprecated.
        (
            r"^(?!.*\b(?:remov|drop|delet|stop|replac|avoid|fix|silenc|suppress|ignor|note|us(?:e|ing) of|instead))"
            r"(?!.*(?:n['\u2019]t|\bnot|\bno|\bwithout|\bany)\b.*\bdeprecat).*"
            r"\bdeprecat(?:e|es|ed|ing|ion|ions)\b|弃用|废弃",
            "deprecate",
            3.0,
        ),
        (
            r"\b(fix(e[sd]|ing)?(?!\s+(?:[\w-]+\s+){0,2}(?:typos?|spelling|grammar|docblocks?)\b)|bug(s|fix)?|repair\w*|regression|crash\w*|hotfix|workaround)\b|修复|修正|解决|修改.*(错误|问题)",
            "fix",
            2.5,
        ),
        (
            r"\b(correct\w*|prevent\w*|avoid\w*(?!.*\b(?:usages?|use of|using)\b)|"
            r"broken|wrong|error|fail\w*|leak\w*|race|deadlock|overflow|off.by.one|"
            r"^don'?t|^do not|missing|invalid|incorrect\w*|(?<!^)issue|"
            # What something is used for need not have been wrong.
            r"(?<!\bto )(?:handl(?:e|es|ed|ing)|(?:re)?solv(?:e|es|ed|ing)|guard|ensure))\b|错误|异常|崩溃|防止|避免",
            "fix",
            1.2,
        ),
        (r"\bwork(?:ed|s|ing)?[- ]?arounds?\b(?!\s+(?:is|are)\b)", "fix", 3.0),
        (
            r"\b(?:reduc|lower|decreas|sav|less|cut)\w*\b.{0,20}\bmemory\b|"
            r"\bavoid\w*\b.{0,30}\b(?:alloc\w*|cop(?:y|ies|ying)|overhead|recomput\w*|calls?\b.{0,12}\bnot needed)\b",
            "perf",
            4.0,
        ),
        (
            r"\b(?:improv\w*|boost\w*|increas\w*|better|enhanc\w*|help\w*)\s+(?:[\w-]+\s+){0,2}(?:performance|perf|speed)\b|"
            r"\bperformance\s+(?:enhanc|improv|optimi[sz]|boost)\w*",
            "perf",
            4.0,
        ),
        (
            r"\b(speed|fast(er)?|perf(ormance)?|optimi[sz](?!ed\s)\w*|slow|cach(e|ing)|latency)\b|"
            r"优化|性能|加速|缓存",
            "perf",
            1.6,
        ),
        (
            r"\b(refactor\w*|renam\w+|mov(e|es|ed|ing)(?!\s+to\s+(?:ruby|php|python|java|node|kotlin|swift|scala|go|rust|\.?net)\b)|extract\w*|clean\w*(.?up)?|simplif\w+|split\w*(?!\s+(?:on|by|at)\b)|restructur\w*|"
            r"reorgani[sz]\w*|re-?order\w*|rearrang\w*|"
            # “Inline tests now run” inlines nothing.
            r"dedup\w*|duplication|inline\w*\b(?!\s+[\w-]+\s+(?:now|no longer|should|is|are)\b)|consolidat\w*|"
            r"moderni[sz]\w*|rework\w*|tidy|unused|dead code|merge\w* (class|function|module)\w*|replace\w*|rewrit\w*|"
            r"convert\w*)\b|重构|重命名|整理|拆分|提取|移动|简化|清理",
            "refactor",
            1.8,
        ),
        (
            r"\b(add(s|ed|ing)?|implement\w*|introduc\w*|support\w*|allow\w*|enabl\w*|^new|(?<=\ba )new|creat\w*|"
            r"provid\w*|expos\w*|accept\w*|feature|extend\w*)\b|新增|添加|增加|支持|实现|引入|允许",
            "feature",
            1.5,
        ),
        (
            r"^(?:[\w./-]+:\s+)?(?:fix|correct)\w*\s+(?:(?!for\b|in\b|to\b)[\w-]+\s+){0,3}(?:typos?|spelling|grammar)\b",
            "docs",
            7.0,
        ),
        (r"\btypos?\b|\bspelling\b|错别字", "docs", 2.6),
        (
            r"\b(doc(s|umentation|string|strings)?|readme|comment\w*|changelog|tutorial|guide)\b|文档|注释|说明",
            "docs",
            1.7,
        ),
        (r"\b(tests?|testing|coverage|fixtures?|unit.?tests?|pytest)\b|测试|单测|用例", "test", 1.6),
        (r"\b(ci|github actions?|travis|workflow|pipeline|jenkins|pre-commit)\b|持续集成|流水线", "ci", 1.8),
        (
            r"\b(bump\w*|upgrad\w*|dependenc\w+|deps|packag\w+|build|requirements|pin(s|ned)?|lockfile|makefile|"
            r"docker\w*)\b|依赖|升级|构建|打包",
            "build",
            1.5,
        ),
        (
            r"(?<!-)\b(format(?!ters?\b)\w*|lint\w*|black|ruff|prettier|whitespace|indent\w*|isort|gofmt|rustfmt|style|"
            r"pep ?8|flake8)\b|格式化|缩进|空格",
            "style",
            1.7,
        ),
        (
            # What comes with its tests is more than tests.
            r"^(?:\W*\[[^\]]*\])?\W*(?:add|writ|extend|more|improv|new)\w*\s+"
            r"(?:(?!for\b|to\b|that\b|with\b|(?<!unit )(?<!integration )(?<!functional )(?<!regression )(?<!e2e )and\b)"
            r"[\w-]+\s+){0,4}"
            r"(?:unit.?|integration.?)?tests?(?:\s+cases?)?\b(?!\s+(?:helper|utilit|runner|framework|command|option))"
            r"(?!.*\b(?:and|then)\s+(?:mak|fix|implement|correct|solv|resolv)(?:e|ing|s)?\b)",
            "test",
            5.0,
        ),
        # What a compiler or a linter asks for mends nothing that runs.
        (r"^fix(?:e[sd]|ing)?\s+(?:[\w:-]+\s+){0,2}(?<!deprecation )warnings?\b", "refactor", 6.0),
        (
            r"^fix(?:e[sd]|ing)?\s+(?:(?!for\b)[\w-]+\s+){0,2}(?:lint\w*|format(?:ting)?|indent\w*|whitespaces?|style|flake8|ruff|"
            r"black|isort|prettier|eslint|gofmt|rustfmt|clippy|shfmt|clang-format|checkstyle|rubocop|phpcs|stylelint|golint|"
            r"scalafmt|ktlint|spotless|yapf|swiftlint|cod(?:e|ing) style)\b"
            r"(?!\s+(?:rule|plugin|option|flag|config))",
            "style",
            6.0,
        ),
        (
            r"^(release|prepar(?:e|ing)(?:\s+(?:to|for|the|a|next|new)){0,2}\s+(?:release|version)|bump version|"
            r"version)\b|"
            r"^prepar\w*\s+(?:for\s+)?(?:the\s+)?next\s+(?:development\s+)?(?:iteration|cycle|version)\b|"
            r"^v?\d+(?:\.\d+)+\S*\s+(?:releases?|deploy\w*)\b|"
            r"^(?:updat|rais|increment|chang|set)\w*\s+(?:the\s+)?version(?:\s+numbers?)?(?=\s*$|\s+(?:and|in|to|for)\b)|"
            r"^[\d.,/ -]*\bversion v?\d+\.\d+|^v?\d+\.\d+(\.\d+)?\S*$|^(bump|set) version|发布|版本",
            "release",
            3.0,
        ),
    )
)
#: What checks or lays out the code does nothing new in it.
_OF_TOOLS = re.compile(
    r"^(?:add|enabl|us(?:e|ing)|configur|introduc|set ?up|appl|adopt)\w*\s+(?:the\s+)?(?:checkstyle|ktlint|spotless|"
    r"detekt|rubocop|standardrb|phpstan|psalm|php-?cs(?:-?fixer)?|error-?prone|stylecop|eslint|prettier|"
    r"flake8|isort|mypy|clang-format|clang-tidy|clippy|swiftlint|scalafmt|scalafix|codecov|dependabot|renovate|pre-commit)\b|"
    # What builds and documents it, and the marks that tools read.
    r"^(?:add|allow|enabl|updat|mak)\w*\s+(?:(?:a|the|an|some)\s+)?(?:travis|ci|appveyor|circleci|jenkins|lcov|coverage|"
    r"godoc|javadoc|badges?|links?|docs?|documentation|comments?|typos?|copyright|license|spdx)\b(?!\s+(?:support|command|option))",
    re.IGNORECASE,
)
_TAKES_OUT = re.compile(r"(?:remov|drop|delet)(?:e|es|ed|ing|s|ped|ping)?\b", re.IGNORECASE)
_EMPTY = re.compile(
    r"^\W*(wip|update[sd]?|updat(e|ing) (code|files?|stuff)|fix(es|ed)?|fix typos?|typos?|changes?|misc|stuff|tmp|temp|"
    r"minor( changes?| fix(es)?)?|test|commit|save|checkpoint|work|more( work| changes| stuff)?|cleanup|clean up|"
    r"small (fix|change)s?|tweaks?|oops|asdf\w*|foo|bar|\.|x+|done|progress|sync|initial|new|edit(s|ed)?|modif(y|ied)|"
    r"(address(e[sd]|ing)? )?(the )?((pr|code) )?(reviews?|(review )?comments?|feedback)|nits?|up|ok|final|again|"
    r"更新|修改|提交|临时|调整|小改动|完善|改动)\W*$",
    re.IGNORECASE,
)
_VAGUE = re.compile(
    r"^\W*(some |a few |more |various |small |minor )*"
    r"(fix|update|change|improve|tweak|clean|adjust|edit|work|polish)\w*"
    r"( up| on)?( some| a few| more| various| small| minor| the| my| this)*"
    r"( stuff| things?| code| it| this| bits?| issues?| bugs?| errors?| problems?| files?)?\W*$",
    re.IGNORECASE,
)
_VAGUE_CHINESE = re.compile(
    r"^\W*(?:(?:更新|修改|提交|优化|调整|完善|修复|修正|改进|整理|重构|删除|增加|添加|新增)了?(?:一些|部分|若干|几个|小|下)?"
    r"(?:代码|文件|内容|问题|错误|bugs?|细节|逻辑|功能|东西)?|"
    r"(?:代码|文件|内容|问题|错误|bug|细节|逻辑|功能)(?:更新|修改|提交|优化|调整|完善|修复|整理))\W*$",
    re.IGNORECASE,
)
#: Says that somebody asked for what is done, and not what it is.
_ASKED_FOR = re.compile(
    r"^\W*(?:implement|incorporat|appl|address|integrat|fix|resolv)\w*\s+"
    r"(?=.*\b(?:review|feedback|suggest|remark|nits|pr\s+comments)|.*\br\d)"
    r"(?:(?:the|some|more|all|suggested|requested|minor|few|a|pr|code|review)\s+)*"
    r"(?:changes?|comments?|suggestions?|feedback|remarks?|nits?)\b",
    re.IGNORECASE,
)
#: Marks before a subject: an issue, a branch, a part of the project.
_MARKS = re.compile(r"^(?:\[[^\]]+\]\s*)+(?=\w)|^(?:gh-|#)\d+:?\s+(?=\w)", re.IGNORECASE)
_NAME = re.compile(r"`[^`]+`|\b\w+_\w+\b|\b[a-z]+[A-Z]\w*|\b[A-Za-z]\w*(?:\.[A-Za-z_]\w*)+\b|\b\w+\(\)", re.ASCII)
#: A word within a sentence that is written as a name is one.
_NAMED = re.compile(r"(?<=[a-z] )[A-Z][a-z]\w*", re.ASCII)
#: GitHub's and GitLab's numbers, Gitee's keys, trackers' keys, addresses.
_ISSUES = re.compile(
    r"(?:^|[\s(\[,:]|[^\x00-\x7f]|\b(?:issues?|pr) ?)(?:#|gh-|GH-)(\d+)\b|"
    r"(?:^|[\s(\[,:]|[^\x00-\x7f]|\bissues? ?)#(I[0-9A-Z]{5})\b|"
    r"\b([A-Z][A-Z0-9]{1,9}-\d+)\b|/(?:issues|pull)/(\d+)\b",
    re.ASCII,
)
_NOT_ISSUES = re.compile(r"^(UTF|ISO|SHA|RFC|PEP|HTTP|UTF8|AES|CP|BASE|MD|TLS|CVE)-", re.IGNORECASE)
#: What is closed may have been a wish; only what is fixed was wrong.
_CLOSES = re.compile(r"\b(fix(e[sd])?|resolve[sd]?):? #\d+", re.IGNORECASE)


def mends_words(subject: str) -> str:
    """The word of a subject that says nothing but that a word was misspelt; empty for all others."""
    found = re.match(
        r"^\W*(?:(?:fix|correct)(?:e[sd]|ing|s)?\s+)?(?:a\s+|some\s+|minor\s+)*(typos?)\W*$", subject, re.IGNORECASE
    )
    return found[1] if found else ""


def uninformative(subject: str) -> bool:
    """True when the subject says nothing about the purpose."""
    text = subject.strip()
    return len(re.sub(r"\W", "", text)) < 3 or bool(
        _EMPTY.match(text) or _VAGUE.match(text) or _VAGUE_CHINESE.match(text)
    )


def issues_in(text: str) -> tuple[str, ...]:
    """Issue numbers (`#12`) and keys (`ABC-12`, Gitee's `I4XYZ9`) that a message mentions, in order."""
    found: dict[str, None] = {}
    for match in _ISSUES.finditer(text):
        if match[3] and _NOT_ISSUES.match(match[3]):
            continue
        number = match[1] or match[4]
        found[f"#{number}" if number else match[2] or match[3]] = None
    return tuple(found)


def names_issue(text: str, issue: str) -> bool:
    """Whether a text names this issue, as issues_in writes it, and not only one whose number begins alike."""
    number = issue.removeprefix("#")
    mark = "(?<![A-Za-z0-9])" if number == issue else "(?:#|gh-|GH-|/(?:issues|pull)/)"
    return re.search(rf"{mark}{re.escape(number)}(?![A-Za-z0-9])", text) is not None


def _adds(symbols: Counter[str]) -> bool:
    """Whether something comes, takes more or does something else, beside types."""
    return any(symbols[name] for name in ("added", "takes", "beside")) or symbols["signature"] > symbols["types-only"]


def _speaks_of_another(kind: str, shape: Shape, *, taken_out: bool) -> bool:
    """Whether a word for a kind names something else, as the diff shows; `taken_out` says that something is removed."""
    if kind == "style" and shape.symbols is not None:
        return bool(shape.symbols["added"])  # what comes is not laid out anew
    if kind not in ("fix", "feature"):
        return False
    if taken_out:
        return True  # what is taken out is named, not mended
    if kind == "fix":
        return False
    if shape.removed and not shape.added:
        return True  # what only goes is nothing new
    if not any(shape.categories[item] for item in _ACTING) and any(shape.categories[item] for item in _TESTING):
        return True  # tests, and what runs them, add nothing to what is tested
    # nor do types
    return shape.symbols is not None and bool(shape.symbols["types-only"]) and not _adds(shape.symbols)


def backing(kind: str) -> tuple[Category, ...]:
    """The files that a kind is about, where it is about some files only."""
    return _BACKING.get(kind, ())


def says_plainly(word: str) -> bool:
    """Whether a word names what was done wherever it stands."""
    return _PLAIN.search(word) is not None


_BACKING = {
    "test": (Category.TEST,),
    "ci": (Category.CI,),
    "docs": (Category.DOCS, Category.CHANGELOG),
    "build": (Category.BUILD, Category.LOCK, Category.CONFIG),
}
#: Files of which a program, or what tests it, is made.
_OF_PROGRAMS = (Category.SOURCE, Category.TEST, Category.OTHER, Category.GENERATED)
#: Files that can do something new.
_OF_CODE = (Category.SOURCE, Category.TEST, Category.OTHER, Category.BUILD, Category.CONFIG)
_ACTING = (Category.SOURCE, Category.CONFIG, Category.OTHER, Category.GENERATED)
_TESTING = (Category.TEST, Category.CI)


#: Kinds of which a word counts only where it is what the message says is done.
_DONE = frozenset({"fix", "feature", "perf", "refactor", "style"})
#: Words that name what was done wherever they stand.
_PLAIN = re.compile(
    r"fix|bug|repair|regress|crash|hotfix|workaround|refactor|renam|clean|unused|dead code|dedup|duplication|"
    r"reorgani|restruct|speed|perf|optimi|faster|lint|whitespace|indent|pep|[^\x00-\x7f]",
    re.IGNORECASE,
)
#: Words that begin so far into a subject, in characters, say less of it.
LATE = 35
#: Words of this weight say what was done wherever they stand.
_TELLING = 2.4
#: What stands before a verb.
_BEFORE_VERB = re.compile(
    r"(?:\b(?:now|also|we|can|can't|cannot|will|to|and|is|are|be|been|should|must|get|gets|was|were|by|not)\s|"
    r"[,;:+&—–-]\s)\s*$",
    re.IGNORECASE,
)


def _says_so(kind: str, weight: float, found: re.Match[str], shape: Shape, *, is_first: bool, alike: bool) -> bool:
    """Whether a word of a message says what was done, rather than what it was done to.

    `is_first` says that the message begins with it, `alike` that the diff by itself speaks for the same kind.
    """
    if kind not in _DONE or weight >= _TELLING:
        return True
    # What neither program nor test does is not mended, and does nothing new.
    idle = shape.files and not any(shape.categories[item] for item in _OF_PROGRAMS)
    if (idle and kind != "refactor") or (shape.imports_only and kind in ("feature", "perf")):
        return False
    return is_first or alike or bool(_PLAIN.search(found[0]) or _BEFORE_VERB.search(found.string[: found.start()]))


def word_scores(
    subject: str, body: str, shape: Shape, guessed: str = ""
) -> tuple[defaultdict[str, float], dict[str, str]]:
    """How much the message speaks for each kind, and the words that do; `guessed` is what the diff speaks for."""
    scores: defaultdict[str, float] = defaultdict(float)
    words: dict[str, str] = {}
    if _ASKED_FOR.match(subject):
        return scores, words
    of_tools = bool(_OF_TOOLS.match(subject))
    # `resolve_buffer` is a name, not something that is resolved.
    subject = _NAMED.sub("it", _NAME.sub("it", _MARKS.sub("", subject)))
    first = re.sub(r"^[\w./-]+:\s+", "", subject).split(" ", 1)[0]
    for pattern, kind, weight in _KEYWORDS:
        found = pattern.search(subject)
        if found and (
            (kind == "feature" and of_tools)
            # What is documented beside all else is not what the commit is for.
            or (kind == "docs" and found.start() > LATE)
        ):
            continue
        removing = _TAKES_OUT.match(subject) and (weight < 2 or (found and found[0].lower().startswith("work")))
        taken_out = shape.deleted == shape.files or removing
        is_first = bool(pattern.match(first))
        begins = is_first or not found or not found.start()
        if found and not _says_so(kind, weight, found, shape, is_first=begins, alike=kind == guessed):
            continue
        if kind == "deprecate" and shape.deprecating is False and not begins:
            continue  # what others deprecated is dealt with
        if found and not _speaks_of_another(kind, shape, taken_out=bool(taken_out)):
            # “docs” or “build” in a message counts little when no such file is in the diff.
            own = sum(shape.categories[item] for item in _BACKING.get(kind, ()))
            if kind == "docs" and shape.symbols is not None and shape.symbols["doc"]:
                own = sum(shape.categories.values())  # documentation in the code is some too
            share = 1.0 if kind not in _BACKING or own >= 0.3 * sum(shape.categories.values()) else 0.4
            source = shape.categories[Category.SOURCE]
            if kind == "test" and (source > own or (source and weight < _TELLING and not is_first)):
                share = 0.1  # tests that come with what they test are not what it is for
            if kind == "build" and not own and shape.files:
                share = 0.3  # a year is bumped too
            if kind == "refactor" and shape.files and not any(shape.categories[item] for item in _OF_CODE):
                share = 0.3  # nor does it rearrange code that it does not touch
            if kind == "refactor" and shape.added > 100 and shape.added > 10 * shape.removed:
                share = 0.2  # what is nearly all new rearranges nothing
            if kind in ("fix", "perf") and shape.new_code and shape.added > 300 and shape.added > 5 * shape.removed:
                share = 0.25  # nor does it mend much, or speed it up
            scores[kind] += weight * (2.0 if is_first else 1.0) * share
            words.setdefault(kind, found[0].strip())
            # What stands late in the subject is rarely what it is about.
            scores[kind] -= 0.5 * weight if found.start() > LATE else 0.0
    closes = _CLOSES.search(f"{subject}\n{body}")
    if closes:
        scores["fix"] += 0.7
        if not _PLAIN.search(words.get("fix", "")):
            words["fix"] = closes[0]
    return scores, words
