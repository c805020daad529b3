"""What a commit is for: its kind, from its message where that says something, else from the shape of its diff.

Kinds: feature, fix, refactor, perf, docs, test, ci, build, style, deprecate, release, revert, merge, chore, change
(nothing told). Messages are read in English and Chinese; in any other language the diff decides.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from iquest_lsp.codeflow.facts import Fact
from iquest_lsp.codeflow.git.commits import FileDiff
from iquest_lsp.codeflow.syntax.changes import SymbolChange
from iquest_lsp.codeflow.syntax.line_effects import EffectKind, is_comment, opens_comment, uncommented
from iquest_lsp.codeflow.syntax.paths import Category, category
from iquest_lsp.codeflow.syntax.signatures import parameter_effects, types_only

KINDS = (
    "feature",
    "fix",
    "refactor",
    "perf",
    "docs",
    "test",
    "ci",
    "build",
    "style",
    "deprecate",
    "release",
    "revert",
    "merge",
    "chore",
    "change",
)


class Sign(StrEnum):
    """What a commit's kind is read from."""

    JOINS = "joins"
    UNDOES = "undoes"
    #: The word or emoji that the message begins with.
    PREFIX = "prefix"
    EMOJI = "emoji"
    #: A word of the message.
    WORD = "word"
    #: How many of how many commits are of the kind.
    MOST = "most"
    VERSIONS = "versions"
    FILES_RENAMED = "files-renamed"
    #: The category that all changed files are of.
    ONE_CATEGORY = "one-category"
    LAYOUT = "layout"
    FILES_MOVED = "files-moved"
    FILES_ADDED = "files-added"
    CODE_REMOVED = "code-removed"
    MOSTLY_NEW = "mostly-new"
    DEPRECATES = "deprecates"
    COMMENTS = "comments"
    NAME_REPLACED = "name-replaced"
    DEFINITIONS_MOVED = "definitions-moved"
    LINES_REGROUPED = "lines-regrouped"
    PUBLIC_ADDED = "public-added"
    MORE_ADDED = "more-added"
    DEFINITIONS_REMOVED = "definitions-removed"
    SPEED = "speed"
    LINES_REARRANGED = "lines-rearranged"
    TAKES_MORE = "takes-more"
    INSIDE = "inside"
    REWRITTEN = "rewritten"
    EXISTING = "existing"
    UNKNOWN = "unknown"


class Reason(Fact[Sign]):
    """What speaks for a commit's kind."""

    __slots__ = ()


#: A kind, how sure it is, and what speaks for it.
Guess = tuple[str, float, Reason]


@dataclass(frozen=True, slots=True)
class Intent:
    """A commit's purpose: its kind, how sure that is (0 to 1), and the reasons it was read from.

    `told` is False when the message says nothing about the purpose. `issues` are numbers and keys it mentions.
    """

    kind: str
    confidence: float
    reasons: tuple[Reason, ...]
    told: bool = True
    issues: tuple[str, ...] = ()
    coauthors: tuple[str, ...] = ()
    breaking: bool = False
    reverts: str = ""


@dataclass(frozen=True, slots=True)
class Shape:
    """A diff in numbers; the symbol part is None where definitions were not looked at."""

    categories: Counter[Category]
    files: int
    new_code: int
    deleted: int
    pure_renames: int
    moved_files: int
    added: int
    removed: int
    symbols: Counter[str] | None = None
    moved_lines: float = 0.0
    renamed_words: bool = False
    guards: int = 0
    format_only: bool = False
    comments_only: bool = False
    versions_only: bool = False
    speeds: int = 0
    imports_only: bool = False


_GUARD = re.compile(
    r"^\s*(\}?\s*(el)?(se\s*)?if\b|elif\b|except\b|catch\b|try\b|raise\b|throw\b|assert\b|return (None|null|nil|false|"
    r"False|err)\b)|\b(is None|is not None|== null|!= null|=== undefined|!= nil|== nil)\b|\?\?|\.get\(|"
    r"\b(max|min)\(|unwrap_or|or \[\]|or \{\}|or \"\""
)
_SPEED = re.compile(
    r"lru_cache|@cache\b|memo(iz|\b)|__slots__|ThreadPool|executor|bisect|heapq|frozenset\(|"
    r"(?<!new )\bset\(|buffer|precomput|lazy|reserve\(|rayon|parallel",
    re.IGNORECASE,
)
_VERSION = re.compile(r"version.*\d|^\s*[\"']?\d+\.\d+(\.\d+)?", re.IGNORECASE)
#: An assignment in C that begins as a line of a comment may.
_POINTER = re.compile(r"\*\s*\w[\w.>\[\]-]*\s*[-+|&]?=")
_WORD = re.compile(r"[^\W\d]\w*|\d+|\S")


def _helps_tests(item: SymbolChange) -> bool:
    """Whether a definition of a test file is no test."""
    return item.kind != "test" and category(item.path) is Category.TEST


def shape_of(
    files: Sequence[FileDiff],
    changes: Sequence[SymbolChange] | None = None,
    beside: Sequence[SymbolChange] = (),
) -> Shape:
    """The numbers that say what kind of change it is; `changes` makes them much more telling.

    `beside` are the parts outside of definitions that change too.
    """
    categories: Counter[Category] = Counter()
    new_code = deleted = renames = moved = added = removed = 0
    for item in files:
        kind = category(item.path)
        categories[kind] += max(1, max(item.added, 0) + max(item.removed, 0))
        added += max(item.added, 0)
        removed += max(item.removed, 0)
        deleted += item.status == "D"
        new_code += item.status == "A" and kind is Category.SOURCE and item.added > 0
        renames += item.status == "R" and item.added + item.removed == 0
        moved += item.status == "R" and kind in (Category.SOURCE, Category.TEST)
    code = [item for item in files if category(item.path) is Category.SOURCE]
    minus = [line.strip() for item in code for hunk in item.hunks for line in hunk.removed]
    plus = [line.strip() for item in code for hunk in item.hunks for line in hunk.added]
    telling = [line for line in plus if len(line) > 6]
    common = sum((Counter(telling) & Counter(line for line in minus if len(line) > 6)).values())
    all_lines = [line for item in files for hunk in item.hunks for line in (*hunk.removed, *hunk.added)]
    symbols = None
    if changes is not None:
        outer = [item for item in changes if not item.inner and category(item.path) is not Category.BUILD]
        values = [item for item in outer if item.kind == "variable" and item.change == "body"]
        symbols = Counter(item.change for item in outer)
        # What a value is for, a value does not tell.
        symbols["body"] -= len(values)
        symbols["value"] = len(values)
        symbols["beside"] = sum(_does(item) for item in beside)
        symbols["types-only"] = sum(
            item.change == "signature" and types_only(item.old_signature, item.signature) for item in outer
        )
        symbols["takes"] = sum(item.change == "signature" and _takes_more(item) for item in outer)
        symbols["private-added"] = sum(
            item.change == "added" and (not _is_public(item) or _helps_tests(item)) for item in outer
        )
        symbols["regrouped"] = sum(item.change == "added" and _stood_in(item, minus) for item in changes)
        symbols["tests-added"] = sum(item.change == "added" and item.kind == "test" for item in changes)
        symbols["deprecates"] = sum(item.deprecates and item.change in ("body", "signature", "doc") for item in changes)
    return Shape(
        categories,
        len(files),
        new_code,
        deleted,
        renames,
        moved,
        added,
        removed,
        symbols,
        moved_lines=common / len(telling) if telling else 0.0,
        renamed_words=_one_word_renamed(code),
        guards=sum(bool(_GUARD.search(line)) for line in plus) - sum(bool(_GUARD.search(line)) for line in minus),
        comments_only=bool(all_lines)
        and bool(minus or plus)
        and all(category(item.path) in (Category.SOURCE, Category.TEST) for item in files)
        and all(is_comment(line) and not _POINTER.match(line) for line in all_lines)
        and not any(opens_comment(hunk.removed, hunk.added) for item in files for hunk in item.hunks),
        format_only=bool(minus or plus) and _squeezed(minus) == _squeezed(plus) and not any(map(_moves, code)),
        versions_only=bool(all_lines) and len(all_lines) <= 20 and all(_VERSION.search(line) for line in all_lines),
        speeds=_fast(plus) - _fast(minus),
        imports_only=bool(beside) and not changes and all(item.kind in ("imports", "exports") for item in beside),
    )


#: What hides a definition, before its parameters.
_HIDDEN = re.compile(r"(?:#\[.*?\]\s*)*pub\s*\(|[^(]*\b(?:private|fileprivate)\s")


def _is_public(item: SymbolChange) -> bool:
    """Whether a definition is more than a value, and others than its own package see it, by its name and head."""
    hidden = _HIDDEN.match(item.signature) or (item.path.endswith(".c") and item.signature.startswith("static "))
    return item.public and item.kind not in ("constant", "variable") and not hidden


def _stood_in(item: SymbolChange, removed: Sequence[str]) -> bool:
    """Whether half of a new definition, and more than a line, stood among lines that have gone."""
    lines = [line for line in item.lines[1:] if re.search(r"\w", line)]
    common = sum((Counter(lines) & Counter(removed)).values())
    return common >= max(2, len(lines) / 2)


def _does(item: SymbolChange) -> bool:
    """Whether a part outside of definitions is more than documentation."""
    written = category(item.path) in (Category.DOCS, Category.CHANGELOG)
    return not written and item.change not in ("doc", "format-only")


def _moves(item: FileDiff) -> bool:
    """Whether a hunk only takes out, or only puts in, lines that hold a word: they stand elsewhere, or are new."""
    one_sided = (hunk for hunk in item.hunks if bool(hunk.removed) != bool(hunk.added))
    return any(re.search(r"\w{3}", line) for hunk in one_sided for line in (*hunk.removed, *hunk.added))


def _fast(lines: Iterable[str]) -> int:
    """How many lines of code speak of caching or parallel work."""
    return sum(bool(_SPEED.search(uncommented(line))) for line in lines if not is_comment(line))


_PREFIXES = {
    "feat": "feature",
    "feature": "feature",
    "feats": "feature",
    "fix": "fix",
    "bugfix": "fix",
    "hotfix": "fix",
    "bug": "fix",
    "security": "fix",
    "docs": "docs",
    "doc": "docs",
    "refactor": "refactor",
    "refact": "refactor",
    "refactoring": "refactor",
    "cleanup": "refactor",
    "perf": "perf",
    "performance": "perf",
    "test": "test",
    "tests": "test",
    "ci": "ci",
    "build": "build",
    "deps": "build",
    "dep": "build",
    "style": "style",
    "fmt": "style",
    "lint": "style",
    "chore": "chore",
    "maint": "chore",
    "revert": "revert",
    "release": "release",
    "enh": "feature",
    "rel": "release",
    "tst": "test",
    "sty": "style",
    "mnt": "chore",
    "bld": "build",
    "dep-bump": "build",
    "deprecate": "deprecate",
    "improvement": "feature",
    "types": "refactor",
    "i18n": "feature",
    "修复": "fix",
    "功能": "feature",
    "新增": "feature",
    "重构": "refactor",
    "文档": "docs",
    "测试": "test",
    "优化": "perf",
    "样式": "style",
    "格式": "style",
    "构建": "build",
    "发布": "release",
    "回滚": "revert",
    "杂项": "chore",
}
_PREFIX = re.compile(r"^\W{0,3}([\w-]+?)\]?\s*(?:\(([^)]*)\))?(!)?\s*[:：\]]\s*\S")
_EMOJI = {
    "✨": "feature",
    ":sparkles:": "feature",
    "🐛": "fix",
    ":bug:": "fix",
    "🚑": "fix",
    ":ambulance:": "fix",
    "📝": "docs",
    ":memo:": "docs",
    "♻": "refactor",
    ":recycle:": "refactor",
    "⚡": "perf",
    ":zap:": "perf",
    "✅": "test",
    ":white_check_mark:": "test",
    "👷": "ci",
    ":construction_worker:": "ci",
    "🎨": "style",
    ":art:": "style",
    "⬆": "build",
    ":arrow_up:": "build",
    "🔖": "release",
    ":bookmark:": "release",
    "🔒": "fix",
    ":lock:": "fix",
    "🗑": "deprecate",
    ":wastebasket:": "deprecate",
    "🔥": "refactor",
    ":fire:": "refactor",
    "🚚": "refactor",
}

# (pattern, kind, weight): the subject's words; the first word counts double.
#: Beside Chinese, which has no spaces, an English word begins and ends too: only ASCII counts as a word's signs.
_KEYWORDS: tuple[tuple[re.Pattern[str], str, float], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE | re.ASCII), kind, weight)
    for pattern, kind, weight in (
        # What is removed, documented or mended since it is deprecated is not being deprecated.
        (
            r"^(?!.*\b(?:remov|drop|delet|stop|replac|avoid|fix|silenc|suppress|ignor|note|us(?:e|ing) of|instead)).*"
            r"\bdeprecat(?:e|es|ed|ing|ion|ions)\b|弃用|废弃",
            "deprecate",
            3.0,
        ),
        (
            r"\b(fix(e[sd]|ing)?|bug(s|fix)?|repair\w*|regression|crash\w*|hotfix|workaround)\b|修复|修正|解决|修改.*(错误|问题)",
            "fix",
            2.5,
        ),
        (
            r"\b(correct\w*|prevent\w*|avoid\w*|broken|wrong|error|fail\w*|leak\w*|race|deadlock|overflow|off.by.one|"
            r"^don'?t|^do not|handl(e|es|ed|ing)|missing|invalid|incorrect\w*|(?<!^)issue|(?:re)?solv(?:e|es|ed|ing)|"
            r"guard|ensure)\b|错误|异常|崩溃|防止|避免",
            "fix",
            1.2,
        ),
        (
            r"\b(?:reduc|lower|decreas|sav|less|cut)\w*\b.{0,20}\bmemory\b|"
            r"\bavoid\w*\b.{0,30}\b(?:alloc\w*|cop(?:y|ies|ying)|overhead|recomput\w*)\b",
            "perf",
            4.0,
        ),
        (
            r"\b(speed|fast(er)?|perf(ormance)?|optimi[sz]\w*|slow|cach(e|ing)|latency)\b|"
            r"优化|性能|加速|缓存",
            "perf",
            1.6,
        ),
        (
            r"\b(refactor\w*|renam\w+|mov(e|es|ed|ing)|extract\w*|clean\w*(.?up)?|simplif\w+|split\w*|restructur\w*|"
            r"reorgani[sz]\w*|dedup\w*|inline\w*|consolidat\w*|moderni[sz]\w*|rework\w*|tidy|unused|dead code|merge\w* "
            r"(class|function|module)\w*|replace\w*|rewrit\w*|convert\w*)\b|重构|重命名|整理|拆分|提取|移动|简化|清理",
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
            r"(?<!-)\b(format\w*|lint\w*|black|ruff|prettier|whitespace|indent\w*|isort|gofmt|rustfmt|style|pep ?8|"
            r"flake8)\b|格式化|缩进|空格",
            "style",
            1.7,
        ),
        (
            r"^(?:\W*\[[^\]]*\])?\W*(?:add|writ|extend|more|improv|new)\w*\s+(?:(?!for\b|to\b|that\b)[\w-]+\s+){0,4}"
            r"(?:unit.?|integration.?)?tests?(?:\s+cases?)?\b(?!\s+(?:helper|utilit|runner|framework|command|option))",
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
            r"^(release|prepare release|bump version|version)\b|"
            r"^[\d.,/ -]*\bversion v?\d+\.\d+|^v?\d+\.\d+(\.\d+)?\S*$|^(bump|set) version|发布|版本",
            "release",
            3.0,
        ),
    )
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
_MENDS = re.compile(r"\bfix(e[sd])?:? #\d+", re.IGNORECASE)
_COAUTHOR = re.compile(r"^co-authored-by:\s*(.+?)\s*$", re.IGNORECASE | re.MULTILINE)
_REVERT = re.compile(r"This reverts commit ([0-9a-f]{7,64})")
_MERGE = re.compile(r"^Merge (pull request|branch|remote-tracking|tag|commit)\b|^合并")


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


def intent_of(subject: str, body: str, shape: Shape, *, merge: bool = False) -> Intent:
    """The purpose of a commit with this message and this shape of diff."""
    text = f"{subject}\n{body}"
    kind, confidence, reasons, told = _kind(subject, body, shape, merge=merge)
    reverted = _REVERT.search(body)
    return Intent(
        kind,
        round(confidence, 2),
        reasons,
        told,
        issues_in(text),
        tuple(_COAUTHOR.findall(body)),
        breaking=bool(re.search(r"^BREAKING[ -]CHANGE", body, re.MULTILINE))
        or bool((found := _PREFIX.match(subject)) and found[3] and found[1].lower() in _PREFIXES),
        reverts=reverted[1] if reverted else "",
    )


def _kind(subject: str, body: str, shape: Shape, *, merge: bool) -> tuple[str, float, tuple[Reason, ...], bool]:
    if merge or (_MERGE.match(subject) and shape.files == 0):
        return "merge", 0.99, (Reason(Sign.JOINS),), False
    if subject.startswith('Revert "') or _REVERT.search(body):
        return "revert", 0.99, (Reason(Sign.UNDOES),), True
    prefix = _PREFIX.match(subject)
    if prefix and prefix[1].lower() in _PREFIXES:
        return _PREFIXES[prefix[1].lower()], 0.95, (Reason(Sign.PREFIX, (prefix[1],)),), True
    for emoji, kind in _EMOJI.items():
        if subject.startswith(emoji):
            return kind, 0.9, (Reason(Sign.EMOJI, (emoji,)),), True
    told = not uninformative(subject)
    guess = shape_kind(shape)
    if guess is not None and (guess[1] >= 0.9 or guess[2].kind is Sign.COMMENTS or _is_layout(shape)):
        return guess[0], guess[1], (guess[2],), told
    if told:
        alike = guess[0] if guess is not None and guess[2].kind not in _SLIGHT else ""
        scores, words = _scores(subject, body, shape, alike)
        # Who says that it mends an issue did not rearrange lines for their own sake.
        mended = guess is not None and guess[0] in ("refactor", "style") and guess[1] <= 0.6 and _MENDS.search(body)
        if mended:
            scores["fix"] += 1.0
        elif guess is not None:
            scores[guess[0]] += 1.5 * guess[1]
        best = sorted(scores.items(), key=lambda item: -item[1])[:2]
        if best and (best[0][1] >= 1.0):
            margin = best[0][1] - (best[1][1] if len(best) > 1 else 0.0)
            kind = best[0][0]
            why = [Reason(Sign.WORD, (words[kind],))] if kind in words else []
            why += [guess[2]] if guess is not None and guess[0] == kind else []
            return kind, min(0.9, 0.55 + 0.1 * margin), tuple(why), True
    # A message that says something else is not overruled by so little.
    slight = told and guess is not None and guess[2].kind in _SLIGHT
    if guess is not None and not slight:
        return guess[0], guess[1], (guess[2],), told
    return "change", 0.2, (Reason(Sign.UNKNOWN),), told


_SLIGHT = frozenset({Sign.INSIDE, Sign.EXISTING, Sign.REWRITTEN, Sign.SPEED, Sign.LINES_REARRANGED})


def _is_layout(shape: Shape) -> bool:
    """Whether the trees of all definitions that change are the same as before."""
    symbols = shape.symbols or Counter()
    changed = {name for name, count in symbols.items() if name in _CHANGES and count}
    return changed == {"format-only"} and not symbols["value"] and not symbols["beside"]


def _adds(symbols: Counter[str]) -> bool:
    """Whether something comes, takes more or does something else, beside types."""
    return any(symbols[name] for name in ("added", "takes", "beside")) or symbols["signature"] > symbols["types-only"]


def _speaks_of_another(kind: str, shape: Shape, *, taken_out: bool) -> bool:
    """Whether a word for a kind names something else, as the diff shows; `taken_out` says that something is removed."""
    if kind not in ("fix", "feature"):
        return False
    if taken_out:
        return True  # what is taken out is named, not mended
    if kind == "fix":
        return False
    if shape.removed and not shape.added:
        return True  # what only goes is nothing new
    if not any(shape.categories[item] for item in _ACTING) and shape.categories[Category.TEST]:
        return True  # tests and examples add nothing to what is tested
    # nor do types
    return shape.symbols is not None and bool(shape.symbols["types-only"]) and not _adds(shape.symbols)


#: Kinds of which a word counts only where it is what the message says is done.
_DONE = frozenset({"fix", "feature", "perf", "refactor", "style"})
#: Words that name what was done wherever they stand.
_PLAIN = re.compile(
    r"fix|bug|repair|regress|crash|hotfix|workaround|refactor|renam|clean|unused|dead code|dedup|reorgani|restruct|"
    r"speed|perf|optimi|faster|lint|whitespace|indent|pep|[^\x00-\x7f]",
    re.IGNORECASE,
)
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


def _scores(subject: str, body: str, shape: Shape, guessed: str = "") -> tuple[defaultdict[str, float], dict[str, str]]:
    """How much the message speaks for each kind, and the words that do; `guessed` is what the diff speaks for."""
    scores: defaultdict[str, float] = defaultdict(float)
    words: dict[str, str] = {}
    # `resolve_buffer` is a name, not something that is resolved.
    subject = _NAMED.sub("it", _NAME.sub("it", subject))
    first = re.sub(r"^[\w./-]+:\s+", "", subject).split(" ", 1)[0]
    for pattern, kind, weight in _KEYWORDS:
        found = pattern.search(subject)
        taken_out = shape.deleted == shape.files or (weight < 2 and _TAKES_OUT.match(subject))
        is_first = bool(pattern.match(first))
        begins = is_first or not found or not found.start()
        if found and not _says_so(kind, weight, found, shape, is_first=begins, alike=kind == guessed):
            continue
        if found and not _speaks_of_another(kind, shape, taken_out=bool(taken_out)):
            # “docs” or “build” in a message counts little when no such file is in the diff.
            own = sum(shape.categories[item] for item in _BACKING.get(kind, ()))
            if kind == "docs" and shape.symbols is not None and shape.symbols["doc"]:
                own = sum(shape.categories.values())  # documentation in the code is some too
            share = 1.0 if kind not in _BACKING or own >= 0.3 * sum(shape.categories.values()) else 0.4
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
            scores[kind] -= 0.5 * weight if found.start() > 35 else 0.0
    closes = _CLOSES.search(f"{subject}\n{body}")
    if closes:
        scores["fix"] += 0.7
        words.setdefault("fix", closes[0])
    return scores, words


def shape_kind(shape: Shape) -> Guess | None:
    """The kind that the diff alone speaks for, how strongly, and by what; None when it says nothing."""
    total = sum(shape.categories.values())
    if not total:
        return None
    if shape.versions_only and not shape.categories[Category.TEST]:
        return "release", 0.7, Reason(Sign.VERSIONS)
    if shape.files == shape.pure_renames:
        return "refactor", 0.9, Reason(Sign.FILES_RENAMED)
    only = {kind for kind, count in shape.categories.items() if count}
    for kinds, name, what in _PURE:
        if only <= kinds and only & _MAIN[name]:
            return name, 0.9, Reason(Sign.ONE_CATEGORY, (what.value,))
    if shape.format_only and shape.categories[Category.SOURCE]:
        return "style", 0.85, Reason(Sign.LAYOUT)
    if shape.comments_only:
        return "docs", 0.85, Reason(Sign.COMMENTS)
    if shape.moved_files > max(2 * shape.new_code, 1) and 3 * shape.moved_files >= shape.files:
        return "refactor", 0.8, Reason(Sign.FILES_MOVED)
    if shape.symbols is not None:
        return _symbol_kind(shape, shape.symbols)
    if shape.new_code:
        return "feature", 0.5, Reason(Sign.FILES_ADDED)
    if shape.deleted and shape.removed > 2 * shape.added:
        return "refactor", 0.45, Reason(Sign.CODE_REMOVED)
    if shape.added > 20 and shape.added > 4 * shape.removed:
        return "feature", 0.4, Reason(Sign.MOSTLY_NEW)
    return None


_PURE: tuple[tuple[frozenset[Category], str, Category], ...] = (
    (frozenset({Category.DOCS, Category.CHANGELOG}), "docs", Category.DOCS),
    (frozenset({Category.TEST}), "test", Category.TEST),
    (frozenset({Category.CI}), "ci", Category.CI),
    (frozenset({Category.BUILD, Category.LOCK}), "build", Category.BUILD),
)
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
_ACTING = (Category.SOURCE, Category.CONFIG, Category.CI, Category.OTHER, Category.GENERATED)
_MAIN = {
    "docs": frozenset({Category.DOCS, Category.CHANGELOG}),
    "test": frozenset({Category.TEST}),
    "ci": frozenset({Category.CI}),
    "build": frozenset({Category.BUILD, Category.LOCK}),
}


def _symbol_kind(shape: Shape, symbols: Counter[str]) -> Guess | None:
    changed = {name: count for name, count in symbols.items() if name in _CHANGES and count}
    new = symbols["added"] - symbols["private-added"] - symbols["tests-added"]
    if not changed:
        return None
    if symbols["deprecates"]:
        return "deprecate", 0.8, Reason(Sign.DEPRECATES)
    plain = not symbols["value"] and not symbols["beside"]
    if set(changed) <= {"format-only"} and plain:
        return "style", 0.85, Reason(Sign.LAYOUT)
    if set(changed) <= {"doc", "format-only"} and plain:
        return "docs", 0.8, Reason(Sign.COMMENTS)
    if shape.renamed_words:
        return "refactor", 0.8, Reason(Sign.NAME_REPLACED)
    elsewhere = symbols["moved"] + symbols["renamed"]
    if elsewhere > 0 and elsewhere >= new and 2 * elsewhere >= symbols["body"] + symbols["signature"]:
        return "refactor", 0.75, Reason(Sign.DEFINITIONS_MOVED)
    if shape.moved_lines >= 0.5 and symbols["regrouped"]:
        return "refactor", 0.75, Reason(Sign.LINES_REGROUPED)
    if new > 0 and not symbols["removed"]:
        # One new name beside much that is reworked says little.
        sure = 2 * new >= symbols["body"] + symbols["signature"] or shape.added > 4 * shape.removed
        return "feature", 0.7 if sure else 0.5, Reason(Sign.PUBLIC_ADDED)
    if new > symbols["removed"]:
        return "feature", 0.55, Reason(Sign.MORE_ADDED)
    if symbols["removed"] and shape.removed > 2 * shape.added:
        return "refactor", 0.55, Reason(Sign.DEFINITIONS_REMOVED)
    if shape.speeds > 0 and shape.guards <= 0:
        return "perf", 0.5, Reason(Sign.SPEED)
    if shape.moved_lines >= 0.5:
        return "refactor", 0.6, Reason(Sign.LINES_REARRANGED)
    if symbols["takes"] and shape.added > shape.removed and shape.guards <= 0:
        return "feature", 0.45, Reason(Sign.TAKES_MORE)
    if shape.added > 20 and not shape.removed:
        return None  # what only comes may be for anything
    small = shape.added + shape.removed <= 40
    if symbols["body"] and (shape.guards > 0 or small):
        return "fix", 0.6 if shape.guards > 0 else 0.5, Reason(Sign.INSIDE)
    if symbols["body"] and shape.removed >= shape.added:
        return "refactor", 0.45, Reason(Sign.REWRITTEN)
    return ("fix", 0.35, Reason(Sign.EXISTING)) if symbols["body"] else None


def _takes_more(change: SymbolChange) -> bool:
    found = parameter_effects(change.old_signature, change.signature)
    return any(effect.kind is EffectKind.TAKES for effect in found)


_CHANGES = frozenset({"added", "removed", "renamed", "moved", "signature", "body", "doc", "test", "format-only"})


def _squeezed(lines: Iterable[str]) -> str:
    return re.sub(r"[\s,;\\]", "", "".join(lines)).replace("'", '"')


def _one_word_renamed(files: Sequence[FileDiff]) -> bool:
    """True when every changed line is the old one with the same identifiers replaced by the same others."""
    mapping: dict[str, str] = {}
    seen = 0
    for item in files:
        for hunk in item.hunks:
            if hunk.old_count != hunk.new_count or len(hunk.removed) != len(hunk.added):
                return False
            for before, after in zip(hunk.removed, hunk.added, strict=True):
                old, new = _WORD.findall(before), _WORD.findall(after)
                if len(old) != len(new):
                    return False
                for one, other in zip(old, new, strict=True):
                    if one == other:
                        continue
                    if not (one[0].isalpha() or one[0] == "_") or not (other[0].isalpha() or other[0] == "_"):
                        return False
                    if mapping.setdefault(one, other) != other:
                        return False
                    seen += 1
    return 0 < len(mapping) <= 3 and seen >= 2
