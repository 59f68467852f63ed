// SPDX-License-Identifier: Apache-2.0
// German and English. A text missing in one of them is a compile error.

const en = {
  skip: "Skip to the message box",
  newChat: "New chat",
  chats: "Conversations",
  showChats: "Show conversations",
  hideChats: "Hide conversations",
  deleteChat: "Delete conversation",
  deleted: "Conversation deleted",
  untitled: "New conversation",
  settings: "Settings",
  connecting: "Connecting",
  ready: "ready",
  offline: "not reachable",
  greeting: "What can I do for you?",
  greetingNote: "This model runs on this machine. What you write stays here.",
  suggestions: [
    "Explain in three sentences how a hydroelectric power station works.",
    "Write a polite reminder for an invoice that is two weeks overdue.",
    "What is the difference between torque and power?",
    "Write a Python function that reads a CSV file and prints the mean of each column.",
  ],
  message: "Message",
  placeholder: "Write a message",
  send: "Send",
  stop: "Stop",
  hint: "Enter sends · Shift+Enter new line · Esc stops ·",
  caution: "Answers can be wrong.",
  you: "You",
  thinking: "Reading your message",
  writing: "The answer is being written",
  stopped: "Stopped",
  cutOff: "Ended at the length limit. You can raise it in the settings.",
  emptyAnswer: "The model answered with nothing.",
  copy: "Copy answer",
  copyCode: "Copy code",
  copied: "Copied",
  copyFailed: "The browser does not allow copying here",
  regenerate: "Answer again",
  latest: "Go to the latest message",
  code: "Code",
  table: "Table",
  tokens: "tokens",
  tokensPerSecond: "tokens/s",
  firstToken: "s to the first word",
  seed: "seed",
  retry: "Try again",
  close: "Close",
  system: "System prompt",
  systemHelp: "How the model should behave, before every conversation.",
  temperature: "Temperature",
  temperatureHelp: "0 always takes the most likely word; higher is more varied.",
  topP: "Top-p",
  topPHelp: "Only the most likely words up to this share are considered.",
  maxTokens: "Longest answer",
  maxTokensHelp: "In tokens; about three quarters of a word each.",
  seedLabel: "Seed",
  seedHelp: "The same seed and question give the same answer. Empty: another one each time.",
  seedRandom: "random",
  language: "Language",
  defaults: "Restore defaults",
  done: "Done",
  keyTitle: "This server wants its key",
  keyText: "Open the address that walchen printed in the terminal; it ends in ?token=… Or paste the key here.",
  keyLabel: "Key",
  keyOpen: "Open",
  training: "Training",
  skipTraining: "Skip to the training runs",
  runs: "Training runs",
  noRuns: "No training run yet",
  noRunsHelp: "walchen train RECIPE --run FOLDER begins one. Runs in the home's folder runs/ appear here; walchen serve --runs FOLDER shows those of another folder.",
  runsLeftOut: "Older runs that are not shown:",
  allRuns: "All runs",
  running: "running",
  finished: "finished",
  notRunning: "not running",
  runEnded: "The run has ended",
  recipe: "Recipe",
  step: "Step",
  of: "of",
  noStep: "No step yet",
  tokensLearnt: "Tokens",
  timeTaken: "Time",
  energy: "Energy",
  skippedSteps: "Skipped steps",
  lastStepAt: "Last step",
  loss: "Loss",
  lossByTau: "Loss by noise level",
  tauQuarters: ["noise level 0 to 1/4 (most noise)", "1/4 to 1/2", "1/2 to 3/4", "3/4 to 1 (least noise)"],
  speed: "Tokens per second",
  gradNorm: "Gradient norm",
  rateFactor: "Learning-rate factor",
  curve: "Curve",
  newest: "Newest",
  lowest: "Lowest",
  highest: "Highest",
  logarithmic: "Logarithmic axis",
  smoothed: "The strong lines are smoothed; the faint ones behind them are the steps.",
  meanOf: "Each point is the mean of so many steps:",
  badLines: "Lines of the log that cannot be read:",
  curvesLeftOut: "Some losses are not shown: there are too many.",
  errors: {
    token: { title: "The key is missing or wrong", advice: "Open the address that walchen printed in the terminal." },
    unreachable: { title: "The server does not answer", advice: "See whether walchen serve is still running, then try again." },
    context: {
      title: "This conversation is too long for the model",
      advice: "Start a new chat, or shorten your message.",
    },
    busy: { title: "The server has too much to do", advice: "Wait a few seconds, then try again." },
    stopping: { title: "The server is stopping", advice: "Try again when it has started again." },
    model: { title: "The model is not there", advice: "Reload the page." },
    run: { title: "There is no such training run", advice: "Go back to the list of runs." },
    invalid: { title: "The server refused the request", advice: "Check the settings, then try again." },
    server: { title: "The server failed", advice: "Try again; its log says more." },
    storage: { title: "The browser's storage is full", advice: "Delete old conversations." },
  },
};

type Texts = typeof en;

const de: Texts = {
  skip: "Zum Eingabefeld springen",
  newChat: "Neuer Chat",
  chats: "Unterhaltungen",
  showChats: "Unterhaltungen zeigen",
  hideChats: "Unterhaltungen verbergen",
  deleteChat: "Unterhaltung löschen",
  deleted: "Unterhaltung gelöscht",
  untitled: "Neue Unterhaltung",
  settings: "Einstellungen",
  connecting: "Verbinde",
  ready: "bereit",
  offline: "nicht erreichbar",
  greeting: "Was kann ich für Sie tun?",
  greetingNote: "Dieses Modell läuft auf diesem Rechner. Was Sie schreiben, bleibt hier.",
  suggestions: [
    "Erkläre in drei Sätzen, wie ein Wasserkraftwerk funktioniert.",
    "Schreibe eine höfliche Erinnerung an eine Rechnung, die seit zwei Wochen fällig ist.",
    "Was ist der Unterschied zwischen Drehmoment und Leistung?",
    "Schreibe eine Python-Funktion, die eine CSV-Datei liest und den Mittelwert jeder Spalte ausgibt.",
  ],
  message: "Nachricht",
  placeholder: "Nachricht schreiben",
  send: "Senden",
  stop: "Anhalten",
  hint: "Enter sendet · Umschalt+Enter neue Zeile · Esc hält an ·",
  caution: "Antworten können falsch sein.",
  you: "Sie",
  thinking: "Liest Ihre Nachricht",
  writing: "Die Antwort wird geschrieben",
  stopped: "Angehalten",
  cutOff: "An der Längengrenze beendet. Sie lässt sich in den Einstellungen erhöhen.",
  emptyAnswer: "Das Modell hat nichts geantwortet.",
  copy: "Antwort kopieren",
  copyCode: "Code kopieren",
  copied: "Kopiert",
  copyFailed: "Der Browser erlaubt das Kopieren hier nicht",
  regenerate: "Noch einmal antworten",
  latest: "Zur neuesten Nachricht",
  code: "Code",
  table: "Tabelle",
  tokens: "Token",
  tokensPerSecond: "Token/s",
  firstToken: "s bis zum ersten Wort",
  seed: "Startwert",
  retry: "Noch einmal versuchen",
  close: "Schließen",
  system: "Systemvorgabe",
  systemHelp: "Wie sich das Modell verhalten soll, vor jeder Unterhaltung.",
  temperature: "Temperatur",
  temperatureHelp: "0 nimmt immer das wahrscheinlichste Wort; höher wird vielfältiger.",
  topP: "Top-p",
  topPHelp: "Nur die wahrscheinlichsten Wörter bis zu diesem Anteil werden erwogen.",
  maxTokens: "Längste Antwort",
  maxTokensHelp: "In Token; je etwa ein halbes Wort.",
  seedLabel: "Startwert",
  seedHelp: "Gleicher Startwert und gleiche Frage geben die gleiche Antwort. Leer: jedes Mal ein anderer.",
  seedRandom: "zufällig",
  language: "Sprache",
  defaults: "Zurücksetzen",
  done: "Fertig",
  keyTitle: "Dieser Server will seinen Schlüssel",
  keyText: "Öffnen Sie die Adresse, die walchen im Terminal ausgegeben hat; sie endet auf ?token=… Oder fügen Sie den Schlüssel hier ein.",
  keyLabel: "Schlüssel",
  keyOpen: "Öffnen",
  training: "Training",
  skipTraining: "Zu den Trainingsläufen springen",
  runs: "Trainingsläufe",
  noRuns: "Noch kein Trainingslauf",
  noRunsHelp: "walchen train REZEPT --run ORDNER beginnt einen. Läufe im Ordner runs/ des Datenverzeichnisses erscheinen hier; walchen serve --runs ORDNER zeigt die eines anderen Ordners.",
  runsLeftOut: "Ältere Läufe, die nicht gezeigt werden:",
  allRuns: "Alle Läufe",
  running: "läuft",
  finished: "fertig",
  notRunning: "läuft nicht",
  runEnded: "Der Lauf ist zu Ende",
  recipe: "Rezept",
  step: "Schritt",
  of: "von",
  noStep: "Noch kein Schritt",
  tokensLearnt: "Token",
  timeTaken: "Dauer",
  energy: "Energie",
  skippedSteps: "Übersprungene Schritte",
  lastStepAt: "Letzter Schritt",
  loss: "Verlust",
  lossByTau: "Verlust nach Rauschstufe",
  tauQuarters: ["Rauschstufe 0 bis 1/4 (am meisten Rauschen)", "1/4 bis 1/2", "1/2 bis 3/4", "3/4 bis 1 (am wenigsten Rauschen)"],
  speed: "Token pro Sekunde",
  gradNorm: "Gradientennorm",
  rateFactor: "Faktor der Lernrate",
  curve: "Kurve",
  newest: "Zuletzt",
  lowest: "Kleinster",
  highest: "Größter",
  logarithmic: "Logarithmische Achse",
  smoothed: "Die kräftigen Linien sind geglättet; die blassen dahinter sind die Schritte.",
  meanOf: "Jeder Punkt ist das Mittel so vieler Schritte:",
  badLines: "Zeilen des Protokolls, die nicht lesbar sind:",
  curvesLeftOut: "Einige Verluste werden nicht gezeigt: es sind zu viele.",
  errors: {
    token: { title: "Der Schlüssel fehlt oder ist falsch", advice: "Öffnen Sie die Adresse, die walchen im Terminal ausgegeben hat." },
    unreachable: { title: "Der Server antwortet nicht", advice: "Sehen Sie nach, ob walchen serve noch läuft, und versuchen Sie es dann noch einmal." },
    context: {
      title: "Diese Unterhaltung ist zu lang für das Modell",
      advice: "Beginnen Sie einen neuen Chat oder kürzen Sie die Nachricht.",
    },
    busy: { title: "Der Server hat zu viel zu tun", advice: "Warten Sie einige Sekunden und versuchen Sie es dann noch einmal." },
    stopping: { title: "Der Server hält gerade an", advice: "Versuchen Sie es noch einmal, wenn er wieder läuft." },
    model: { title: "Das Modell ist nicht da", advice: "Laden Sie die Seite neu." },
    run: { title: "Diesen Trainingslauf gibt es nicht", advice: "Gehen Sie zurück zur Liste der Läufe." },
    invalid: { title: "Der Server hat die Anfrage abgelehnt", advice: "Prüfen Sie die Einstellungen und versuchen Sie es dann noch einmal." },
    server: { title: "Der Server ist gescheitert", advice: "Versuchen Sie es noch einmal; sein Protokoll sagt mehr." },
    storage: { title: "Der Speicher des Browsers ist voll", advice: "Löschen Sie alte Unterhaltungen." },
  },
};

export const LANGUAGES = { en: "English", de: "Deutsch" } as const;
export type Language = keyof typeof LANGUAGES;
export type Failure = keyof Texts["errors"];

const ALL: Record<Language, Texts> = { en, de };
const KEY = "walchen.language";

export function language(): Language {
  const stored = localStorage.getItem(KEY);
  if (stored === "en" || stored === "de") return stored;
  return navigator.language.toLowerCase().startsWith("de") ? "de" : "en";
}

let texts = ALL[language()];

export function setLanguage(chosen: Language): void {
  localStorage.setItem(KEY, chosen);
  texts = ALL[chosen];
  document.documentElement.lang = chosen;
}

/** The text of that name in the current language. */
export function t<Name extends keyof Texts>(name: Name): Texts[Name] {
  return texts[name];
}

export function number(value: number, digits = 0): string {
  return value.toLocaleString(document.documentElement.lang, { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** Four digits that count, however large or small the value is. */
export function shortNumber(value: number): string {
  const size = Math.abs(value);
  const notation = size !== 0 && (size < 1e-4 || size >= 1e7) ? "scientific" : "standard";
  return value.toLocaleString(document.documentElement.lang, { maximumSignificantDigits: 4, notation });
}

export function dateTime(secondsSince1970: number): string {
  return new Date(secondsSince1970 * 1000).toLocaleString(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
}

export function duration(seconds: number): string {
  const unit = (value: number, name: string) => value.toLocaleString(document.documentElement.lang, { style: "unit", unit: name, maximumFractionDigits: 0 });
  if (seconds < 120) return unit(seconds, "second");
  const minutes = Math.floor(seconds / 60);
  return minutes < 120 ? unit(minutes, "minute") : `${unit(Math.floor(minutes / 60), "hour")} ${unit(minutes % 60, "minute")}`;
}
