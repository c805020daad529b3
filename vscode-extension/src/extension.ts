import * as vscode from "vscode";
import { Asker } from "./ask/ask";
import { ClientConnection } from "./server/client";
import { registerCommands } from "./commands";
import { ContextView } from "./status/contextView";
import { offerDiagnostics } from "./suggest/diagnostics";
import { type Ask, Explainer } from "./history/explain";
import { Focus } from "./suggest/focus";
import { InlineCompletions } from "./suggest/inline";
import { createLogger } from "./server/logger";
import { pickModel } from "./server/models";
import { NextEdits } from "./suggest/nextEdits";
import { ANSWERED, type Answer, DID_SHOW, type EngineStatus, STATUS } from "./server/protocol";
import { Server, type ServerState } from "./server/server";
import { SECTION, serverSettingNames, serverSettings } from "./server/settings";
import { Setup } from "./server/setup";
import { Statistics } from "./status/statistics";
import { StatusItem } from "./status/statusItem";

const RECENT = 20;

/** Wires the parts together; everything they do is in their own modules. */
export function activate(context: vscode.ExtensionContext): void {
  const log = createLogger();
  const setup = new Setup(context, log);
  const statistics = new Statistics(context.globalState);
  const names = serverSettingNames(context.extension.packageJSON);
  const told = new Set<string>();
  let engine: EngineStatus | undefined;
  let answer: Answer | undefined;

  const configuration = (): vscode.WorkspaceConfiguration => vscode.workspace.getConfiguration(SECTION);
  const setting = <T>(name: string, otherwise: T): T => configuration().get<T>(name) ?? otherwise;
  const languageOn = (language: string): boolean => !setting<string[]>("disabledLanguages", []).includes(language);
  const settingsToTell = (): Record<string, unknown> => {
    const settings = serverSettings(names, (name) => configuration().inspect(name), told);
    Object.keys(settings).forEach((name) => told.add(name));
    return settings;
  };

  const server: Server<ClientConnection> = new Server(connect, (state: ServerState) => {
    log.info(`server: ${state.kind}${"reason" in state ? ` (${state.reason})` : ""}`);
    if (state.kind === "running") {
      focus.again();
    } else {
      engine = undefined;
      answer = undefined;
    }
    void vscode.commands.executeCommand("setContext", "iquest.running", state.kind === "running");
    status.update();
  });
  const status = new StatusItem(() => {
    const language = vscode.window.activeTextEditor?.document.languageId;
    return {
      server: server.state,
      engine,
      answer,
      recent: statistics.snapshot.latencies.slice(-RECENT),
      deadlineMs: setting("deadlineMs", 400),
      enabled: setting("enable", true),
      language,
      languageEnabled: language === undefined || languageOn(language),
    };
  });
  const inline = new InlineCompletions(
    { on: (document) => setting("enable", true) && languageOn(document.languageId) },
    statistics,
    () => status.update(),
    (command) => void server.connection?.client.sendNotification(DID_SHOW, { item: { command } }),
  );

  async function connect(): Promise<ClientConnection | undefined> {
    const launch = await setup.find();
    if (launch === undefined) {
      return undefined;
    }
    told.clear();
    const middleware = {
      provideInlineCompletionItems: inline.provide.bind(inline),
      provideCompletionItem: () => undefined, // the list would offer the ghost text a second time
      workspace: {
        // The client would send every setting with its default, which then stands above the workspace's own file.
        didChangeConfiguration: () => Promise.resolve(),
        configuration: (params: { items: { section?: string }[] }) =>
          params.items.map((item) => (item.section === SECTION ? settingsToTell() : null)),
      },
    };
    const environment = setting<Record<string, string>>("server.environment", {});
    const connection = new ClientConnection(launch, log, middleware, settingsToTell(), environment);
    offerDiagnostics(connection.client);
    connection.client.onNotification(STATUS, (now: EngineStatus) => {
      engine = now;
      status.update();
    });
    connection.client.onNotification(ANSWERED, (now: Answer) => {
      answer = now;
      status.update();
      contextView.refreshSoon();
    });
    return connection;
  }

  const ask: Ask = (method, params, soFar, token) => {
    const connection = server.connection;
    return connection === undefined
      ? Promise.reject(new Error("The language server is not running; see the IQuest item in the status bar."))
      : connection.ask(method, params, soFar, token);
  };
  const asker = new Asker(ask);
  const explainer = new Explainer(ask);
  const contextView = new ContextView(ask, () => answer);
  const nextEdits = new NextEdits(
    ask,
    {
      notify: (method, params) => void server.connection?.client.sendNotification(method, params),
      execute: (command, args) =>
        void server.connection?.client.sendRequest("workspace/executeCommand", { command, arguments: args }),
    },
    (document) => setting("enable", true) && setting("nextEdits", true) && languageOn(document.languageId),
  );
  const setUp = async (offer: Promise<boolean>): Promise<void> => {
    if (await offer) {
      await server.restart();
    }
  };

  const commands = registerCommands({
    asker,
    explainer,
    inline,
    contextView,
    nextEdits,
    statistics,
    status,
    log,
    restart: () => server.restart(),
    setUp: () => setUp(setup.offer()),
    pickModel: () => pickModel(ask),
  });
  const configured = vscode.workspace.onDidChangeConfiguration(async (event) => {
    if (event.affectsConfiguration(`${SECTION}.server`)) {
      await server.restart();
    } else if (event.affectsConfiguration(SECTION)) {
      const settings = { [SECTION]: settingsToTell() };
      await server.connection?.client.sendNotification("workspace/didChangeConfiguration", { settings });
      status.update();
    }
  });
  const focus = new Focus((method, params) => void server.connection?.client.sendNotification(method, params));
  const looked = vscode.window.onDidChangeActiveTextEditor(() => status.update());
  const saved = { dispose: () => void statistics.save() };
  const stopped = { dispose: () => void server.stop() };
  context.subscriptions.push(log, status, contextView, nextEdits, focus, commands, configured, looked, saved, stopped);

  void server.restart().then(async () => {
    await setUp(server.state.kind === "missing" ? setup.offerOnce() : setup.update());
  });
}
