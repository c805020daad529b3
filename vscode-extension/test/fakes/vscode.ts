/** The few parts of the editor's interface that the tested modules use. */

export const registered = new Map<string, (...args: unknown[]) => unknown>();
export const executed: unknown[][] = [];
export const shownErrors: string[] = [];
export const shownMessages: string[] = [];

export const commands = {
  registerCommand(name: string, handler: (...args: unknown[]) => unknown): Disposable {
    registered.set(name, handler);
    return new Disposable(() => registered.delete(name));
  },
  async executeCommand(...args: unknown[]): Promise<unknown> {
    executed.push(args);
    return args[0] === "markdown.api.render" ? `<p>${String(args[1])}</p>` : undefined;
  },
};

/** A page that was opened: what was sent to it, and how to close it. */
export interface Page {
  readonly sent: unknown[];
  close(): void;
  /** What the page's script would send. */
  say(message: unknown): void;
}

export const pages: Page[] = [];

/** The diagnostics of every document, in the tests' hands. */
export const diagnostics: unknown[] = [];
export const asked: unknown[] = [];
export const languages = {
  getDiagnostics(uri: unknown): unknown[] {
    asked.push(uri);
    return diagnostics;
  },
};

export const env = { language: "en" };

/** Texts in English, as they are where no bundle is loaded; what was asked for is kept. */
export const l10n = {
  t(text: string, ...values: unknown[]): string {
    return text.replace(/\{(\d+)\}/g, (whole, index: string) => String(values[Number(index)] ?? whole));
  },
};

export const LogLevel = { Trace: 1, Info: 3 };

export class EventEmitter<T> {
  private readonly listeners: ((value: T) => void)[] = [];
  readonly event = (listener: (value: T) => void): Disposable => {
    this.listeners.push(listener);
    return new Disposable(() => undefined);
  };

  fire(value: T): void {
    this.listeners.forEach((listener) => listener(value));
  }

  dispose(): void {
    this.listeners.length = 0;
  }
}

export const InlineCompletionTriggerKind = { Invoke: 0, Automatic: 1 };

export const DiagnosticSeverity = { Error: 0, Warning: 1, Information: 2, Hint: 3 };

export class CancellationTokenSource {
  readonly token = { isCancellationRequested: false };

  cancel(): void {
    this.token.isCancellationRequested = true;
  }
}

export const ViewColumn = { Beside: -2 };

/** Listeners of the editor's events, by the event's name. */
export const listening = new Map<string, (event: unknown) => void>();

function event(name: string): (listener: (event: unknown) => void) => Disposable {
  return (listener) => {
    listening.set(name, listener);
    return new Disposable(() => listening.delete(name));
  };
}

export const window = {
  activeTextEditor: undefined as unknown,
  onDidChangeActiveTextEditor: event("active"),
  onDidChangeTextEditorSelection: event("selection"),
  visibleTextEditors: [] as unknown[],
  onDidChangeTextEditorVisibleRanges: event("visible"),
  tabGroups: { onDidChangeTabs: event("tabs") },
  createTextEditorDecorationType: (options: object) => ({ options, dispose: () => undefined }),
  createWebviewPanel(): unknown {
    const sent: unknown[] = [];
    let closed = (): void => undefined;
    let said: (message: unknown) => void = () => undefined;
    pages.push({ sent, close: () => closed(), say: (message) => said(message) });
    return {
      title: "",
      reveal: () => undefined,
      dispose: () => closed(),
      webview: {
        html: "",
        postMessage: async (message: unknown) => sent.push(message),
        onDidReceiveMessage: (listener: (message: unknown) => void) => (said = listener),
      },
      onDidDispose: (listener: () => void) => (closed = listener),
    };
  },
  async showInformationMessage(message: string): Promise<undefined> {
    shownMessages.push(message);
    return undefined;
  },
  async showErrorMessage(message: string): Promise<undefined> {
    shownErrors.push(message);
    return undefined;
  },
};

export class Disposable {
  constructor(private readonly work: () => void) {}

  static from(...all: { dispose(): void }[]): Disposable {
    return new Disposable(() => all.forEach((item) => item.dispose()));
  }

  dispose(): void {
    this.work();
  }
}

export class InlineCompletionItem {
  constructor(
    readonly insertText: string | { value: string },
    readonly range?: unknown,
    readonly command?: { command: string; arguments?: unknown[] },
  ) {}
}

export class Uri {
  private constructor(
    readonly scheme: string,
    readonly path: string,
  ) {}

  static file(path: string): Uri {
    return new Uri("file", path);
  }

  static parse(text: string): Uri {
    const [scheme = "", path = ""] = text.split(/:(?:\/\/)?(.*)/s);
    return new Uri(scheme, path);
  }

  toString(): string {
    return `${this.scheme}://${this.path}`;
  }

  static joinPath(base: Uri, ...parts: string[]): Uri {
    return new Uri(base.scheme, new URL(parts.join("/"), `file://${base.path.replace(/\/?$/, "/")}`).pathname);
  }

  get fsPath(): string {
    return this.path;
  }
}

export class Position {
  constructor(
    readonly line: number,
    readonly character: number,
  ) {}
}

export class Range {
  constructor(
    readonly start: Position,
    readonly end: Position,
  ) {}
}

export class Selection extends Range {
  get active(): Position {
    return this.end;
  }
}

export const DecorationRangeBehavior = { OpenOpen: 0, ClosedClosed: 1, OpenClosed: 2, ClosedOpen: 3 };

export class ThemeColor {
  constructor(readonly id: string) {}
}

/** The changes that were applied: file, line, new text. */
export const applied: unknown[][] = [];

export class WorkspaceEdit {
  readonly changes: unknown[][] = [];

  get size(): number {
    return this.changes.length;
  }

  replace(uri: Uri, range: Range, text: string): void {
    this.changes.push([uri.toString(), range.start.line, text]);
  }
}

/** What is set: NAME, or for one folder "FOLDER NAME", as `inspect` gives it. */
export const configured = new Map<string, object>();

export const workspace = {
  getConfiguration(_section: string, uri?: { toString(): string }) {
    const inspect = (name: string): object | undefined => configured.get(`${uri?.toString() ?? ""} ${name}`) ?? configured.get(name);
    return { inspect, get: (name: string) => (inspect(name) as { globalValue?: unknown } | undefined)?.globalValue };
  },
  onDidChangeConfiguration: event("configuration"),
  workspaceFolders: undefined as unknown,
  getWorkspaceFolder: (uri: Uri): object | undefined => (uri.path.startsWith("/work/") ? { uri: Uri.file("/work") } : undefined),
  asRelativePath: (uri: Uri): string => uri.path.replace(/^\/work\//, ""),
  textDocuments: [] as unknown[],
  onDidChangeTextDocument: event("change"),
  async applyEdit(edit: WorkspaceEdit): Promise<boolean> {
    applied.push(...edit.changes);
    return true;
  },
};
