/** Why the server could not be installed, in one sentence: what went wrong, and what helps. */

import { t } from "../words";

/** Kinds of trouble by what Python, pip, CMake and the system say of them; the first that fits counts. */
const KINDS: readonly (readonly [RegExp, () => string])[] = [
  [/no space left|errno 28|disk quota|ENOSPC/i, () => t("The disk is full: some 600 MB are needed.")],
  // Before the network's: pip says the same last line of both.
  [
    /is not a supported wheel on this platform|looking in links:[^]*could not find a version that satisfies/i,
    () => t("What this extension carries is for another system than this one: take the .vsix for any machine, or install the server yourself and name it in the setting iquest.server.command."),
  ],
  [
    /name resolution|name or service not known|nodename nor servname|failed to establish a new connection|connection (refused|reset|aborted|broken|timed out)|network is unreachable|read timed out|max retries exceeded|no route to host|proxyerror|remotedisconnected|could not find a version that satisfies/i,
    () => t("The package index cannot be reached: is there a network, and does pip need a proxy or an index of its own (PIP_INDEX_URL)?"),
  ],
  [
    /no (c\+\+|cxx|c) compiler|no CMAKE_\w+_COMPILER|CMAKE_CXX_COMPILER.*(not set|not found|could not be found)|could not find (any instance of )?compiler|command ['"]?(c\+\+|g\+\+|gcc|clang\+\+)['"]? failed|unable to find.*compiler/i,
    () => noCompiler(),
  ],
  [/requires-python|requires a different python|python (3\.\d+|version).*(not supported|too old)/i, () => oldPython()],
  [/ensurepip|No module named ['"]?(venv|pip)/i, () => t("This Python makes no environments: its venv module is missing (Debian: apt-get install python3-venv).")],
  [/permission denied|EACCES|read-only file system|EROFS/i, () => t("A folder cannot be written to: the log names it.")],
  [/zipfile|bad ?zip|corrupt|hash(es)? (do not|does not|mismatch)|checksum|EEXIST|ENOTDIR|not a directory/i, () => t("The cache is damaged: remove the folder that the log names, and try again.")],
  [/killed|signal 9|out of memory|cannot allocate memory|bad_alloc/i, () => t("The memory did not suffice to build the model's runtime: close something and try again.")],
];

/** One sentence for what an attempt failed with. */
export function troubleWith(error: unknown): string {
  const said = error instanceof Error ? error.message : String(error);
  const kind = KINDS.find(([pattern]) => pattern.test(said));
  return kind === undefined ? t("The server could not be installed; the log says why.") : kind[1]();
}

export function noCompiler(): string {
  return t("A C++ compiler is needed, since the model's runtime is built for this machine (Debian: apt-get install g++; Fedora: dnf install gcc-c++; macOS: xcode-select --install).");
}

export function oldPython(): string {
  return t("Python 3.11 or newer is needed: install it, or name one in the setting iquest.server.python.");
}
