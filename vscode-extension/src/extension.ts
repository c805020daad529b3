import * as vscode from "vscode";
import { Asker } from "./ask/ask";
import { offerParticipant } from "./ask/participant";
import { registerCommands } from "./commands";
import { writeCommitMessage } from "./history/commitMessage";
import { offerInBox } from "./history/messageInBox";
import { Explainer } from "./history/explain";
import { LineEnd } from "./history/lineEnd";
import { NewLineMarks } from "./history/newLines";
import { followRepositories } from "./history/repositories";
import { Review } from "./history/review";
import { Teller } from "./history/why";
import { middlewareOf } from "./middleware";
import { pickAnswerModel, pickModel } from "./models/pick";
import { toLookAtReport } from "./pages/askedFor";
import { Pages } from "./pages/report";
import type { Ask } from "./server/ask";
import { ClientConnection } from "./server/client";
import type { Launch } from "./server/launch";
import { createLogger } from "./server/logger";
import { ANSWERED, type Answer, DID_SHOW, type EngineStatus, MODELS, type Models, STATUS } from "./server/protocol";
import { Server, type ServerState } from "./server/server";
import { SECTION, settingsTold } from "./server/settings";
import { Setup } from "./server/setup";
import { ContextView } from "./status/contextView";
import { Statistics } from "./status/statistics";
import { StatusItem } from "./status/statusItem";
import { tickWhenOpened } from "./status/walkthrough";
import { offerDiagnostics } from "./suggest/diagnostics";
import { EditSelection } from "./suggest/editSelection";
import { Focus } from "./suggest/focus";
import { InlineCompletions } from "./suggest/inline";
import { NextEdits } from "./suggest/nextEdits";
import { Snooze } from "./suggest/snooze";
import { wanted } from "./suggest/switches";
import { whyNothing } from "./suggest/whyNothing";
import { t } from "./words";

const RECENT = 20;

/** The running server, to be ended when the extension is. */
let ending: (() => Promise<void>) | undefined;

/** The editor waits for the server's end, so that no process of ours outlives it. */
export function deactivate(): Promise<void> | undefined {
  return ending?.();
}

/** Wires the parts together; everything they do is in their own modules. */
export function activate(context: vscode.ExtensionContext): void {
  const log = createLogger();
  const setup = new Setup(context, log);
  const statistics = new Statistics(context.globalState);
  const told = settingsTold(context.extension.packageJSON);
  let launch: Launch | undefined;
  let engine: EngineStatus | undefined;
  let answer: Answer | undefined;
  let evaluated: Answer | undefined;

  const setting = <T>(name: string, otherwise: T, uri?: vscode.Uri): T =>
    vscode.workspace.getConfiguration(SECTION, uri).get<T>(name) ?? otherwise;

  const server: Server<ClientConnection> = new Server(connect, (state: ServerState) => {
    log.info(`server: ${state.kind}${"reason" in state ? ` (${state.reason})` : ""}`);
    if (state.kind === "running") {
      focus.again();
      lineEnd.again();
      marks.again();
    } else {
      engine = undefined;
      answer = undefined;
      evaluated = undefined;
    }
    void vscode.commands.executeCommand("setContext", "iquest.running", state.kind === "running");
    status.update();
  });
  const snooze = new Snooze(() => {
    void vscode.commands.executeCommand("setContext", "iquest.asleep", snooze.until !== undefined);
    status.update();
  });
  const status = new StatusItem(() => {
    const document = vscode.window.activeTextEditor?.document;
    const language = document?.languageId;
    return {
      server: server.state,
      engine,
      answer,
      recent: statistics.snapshot.latencies.slice(-RECENT),
      deadlineMs: setting("deadlineMs", 400),
      enabled: setting("enable", true, document?.uri),
      language,
      languageEnabled: language === undefined || !setting<string[]>("disabledLanguages", [], document?.uri).includes(language),
      asleepUntil: snooze.until,
      uri: document?.uri.toString(),
    };
  });
  const inline = new InlineCompletions(
    { on: (document, invoked) => wanted(document) && (invoked || snooze.until === undefined) },
    statistics,
    () => status.update(),
    (command) => void server.connection?.client.sendNotification(DID_SHOW, { item: { command } }),
  );

  async function connect(): Promise<ClientConnection | undefined> {
    launch = await setup.find();
    if (launch === undefined) {
      return undefined;
    }
    told.forget();
    const middleware = middlewareOf({ ask, inline, explainer, teller, settings: () => told.settings() });
    const environment = setting<Record<string, string>>("server.environment", {});
    const connection = new ClientConnection(launch, log, middleware, told.settings(), environment);
    offerDiagnostics(connection.client);
    connection.client.onNotification(STATUS, (now: EngineStatus) => {
      const another = engine?.model !== now.model;
      engine = now;
      status.update();
      if (another) {
        void canAnswer().catch(() => false); // the server is going; its next start asks again
      }
    });
    connection.client.onNotification(ANSWERED, (now: Answer) => {
      answer = now;
      evaluated = now.source === "cache" ? evaluated : now;
      status.update();
      contextView.refreshSoon();
    });
    return connection;
  }

  const ask: Ask = (method, params, soFar, token) => {
    const connection = server.connection;
    return connection === undefined
      ? Promise.reject(new Error(t("The language server is not running; see the IQuest item in the status bar.")))
      : connection.ask(method, params, soFar, token);
  };
  const canAnswer = async (): Promise<boolean> => {
    const { answers } = await ask<Models>(MODELS, { answers_only: true });
    void vscode.commands.executeCommand("setContext", "iquest.answers", answers);
    return answers;
  };
  const pages = new Pages();
  const contextView = new ContextView(ask, () => ({ any: answer, evaluated }));
  const nextEdits = new NextEdits(
    ask,
    {
      notify: (method, params) => void server.connection?.client.sendNotification(method, params),
      execute: (command, args) =>
        void server.connection?.client.sendRequest("workspace/executeCommand", { command, arguments: args }),
    },
    (document) => wanted(document) && setting("nextEdits", true, document.uri),
    (places) => void pages.open(t("To look at")).show(toLookAtReport(places)),
  );
  const explainer = new Explainer(ask, pages, () => nextEdits.found());
  const teller = new Teller(ask, pages);
  const review = new Review(ask);
  const editSelection = new EditSelection(ask);
  const lineEnd = new LineEnd(ask, (document) => setting("editor.lineEnd", false, document.uri));
  const marks = new NewLineMarks(ask, (document) => setting("editor.newLines", false, document.uri));
  const focus = new Focus((method, params) => void server.connection?.client.sendNotification(method, params));
  const setUp = async (offer: Promise<boolean>): Promise<void> => {
    if (await offer) {
      await server.restart();
    }
  };

  const commands = registerCommands({
    asker: new Asker(ask, pages, canAnswer),
    explainer,
    teller,
    review,
    inline,
    editSelection,
    snooze,
    contextView,
    nextEdits,
    pages,
    statistics,
    status,
    log,
    restart: () => server.restart(),
    setUp: () => setUp(setup.offer()),
    pickModel: () => pickModel(ask, { launch }),
    pickAnswerModel: () => pickAnswerModel(ask, { launch }),
    commitMessage: (control) => writeCommitMessage(ask, control),
    whyNothing: () => whyNothing(answer, snooze.until !== undefined),
  });
  const configured = vscode.workspace.onDidChangeConfiguration(async (event) => {
    if (event.affectsConfiguration(`${SECTION}.server`)) {
      await server.restart();
    } else if (event.affectsConfiguration(SECTION)) {
      await server.connection?.client.sendNotification("workspace/didChangeConfiguration", { settings: { [SECTION]: told.settings() } });
      status.update();
      lineEnd.again();
      marks.again();
      void canAnswer().catch(() => false);
    }
  });
  const looked = vscode.window.onDidChangeActiveTextEditor(() => status.update());
  context.subscriptions.push(
    log, status, pages, contextView, nextEdits, focus, commands, configured, looked, review, editSelection, lineEnd, marks, snooze,
    offerParticipant(ask, canAnswer), followRepositories(), offerInBox(ask),
    tickWhenOpened(() => server.state.kind === "running"),
  );
  ending = async () => {
    await Promise.all([statistics.save(), server.stop()]);
  };

  void server.restart().then(async () => {
    await setUp(server.state.kind === "missing" ? setup.offerOnce() : setup.update());
  });
}
