// SPDX-License-Identifier: Apache-2.0
// Puts the page together.
import { ApiError, model } from "./api";
import { announce, liveRegion } from "./announce";
import { Chat } from "./chat";
import { Composer } from "./composer";
import { Conversations } from "./conversations";
import { h, icon, replaceChildren } from "./dom";
import { language, setLanguage, t } from "./i18n";
import type { Language } from "./i18n";
import { askForKey } from "./key_dialog";
import { loadSettings, saveSettings } from "./settings";
import { openSettings } from "./settings_dialog";
import { Sidebar } from "./sidebar";
import { Training } from "./training";

setLanguage(language());

const conversations = new Conversations();
const settings = loadSettings();

const chat = new Chat(
  conversations,
  settings,
  (running) => {
    composer.running = running;
    sidebar.draw();
  },
  (text) => composer.fill(text),
);
const composer = new Composer(
  (text) => chat.send(text),
  () => chat.stop(),
);
const show = () => {
  chat.stop();
  chat.draw();
  if (location.hash !== "") history.pushState(null, "", location.pathname);
  route();
};
const sidebar = new Sidebar(conversations, {
  start: () => {
    chat.stop();
    conversations.start();
    show();
  },
  open: (id) => {
    chat.stop();
    conversations.open(id);
    show();
  },
  remove: (id) => {
    conversations.remove(id);
    show();
    announce(t("deleted"));
  },
  speak,
});

const training = new Training();
const chatView = h("main", { class: "chat" });

const skip = h("a", { class: "skip", href: "#message" });
const modelName = h("h1", { class: "model-name" });
const modelState = h("span", { class: "model-state", role: "status" });
const settingsButton = h("button", { type: "button", class: "quiet" }, icon("settings"));
const newButton = h("button", { type: "button", class: "quiet new-short", onclick: () => sidebar.actions.start() }, icon("plus"));
const hint = h("p", { class: "hint" });

let state: "connecting" | "ready" | "offline" = "connecting";
let modelId = "Walchen";

function relabel(): void {
  skip.textContent = t(sidebar.atTraining ? "skipTraining" : "skip");
  for (const [button, label] of [[settingsButton, t("settings")], [newButton, t("newChat")]] as const) {
    button.title = label;
    button.setAttribute("aria-label", label);
  }
  replaceChildren(hint, h("span", { class: "keys" }, `${t("hint")} `), t("caution"));
  modelName.textContent = modelId;
  modelState.textContent = t(state);
  modelState.dataset["state"] = state;
}

function speak(chosen: Language): void {
  setLanguage(chosen);
  relabel();
  composer.relabel();
  chat.draw();
  sidebar.draw();
  if (sidebar.atTraining) training.draw();
}

/** What the address says: #training is the list of runs, #training/NAME one of them, all else the chat. */
function route(): void {
  const [view, run] = location.hash.slice(1).split("/");
  sidebar.atTraining = view === "training";
  chatView.hidden = sidebar.atTraining;
  sidebar.draw();
  relabel();
  if (sidebar.atTraining) {
    training.open(run === undefined || run === "" ? null : decoded(run));
  } else {
    training.close();
    composer.focus();
  }
}

/** As it is if it was not encoded. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

window.addEventListener("hashchange", route);
// Its address is another view's.
skip.addEventListener("click", (event) => {
  event.preventDefault();
  (sidebar.atTraining ? training : composer).focus();
});

settingsButton.addEventListener("click", () => openSettings(settings, saveSettings, speak));

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && chat.running && !document.querySelector("dialog[open]")) chat.stop();
});

async function connect(): Promise<void> {
  try {
    modelId = (await model()).id;
    state = "ready";
  } catch (error) {
    state = "offline";
    if (error instanceof ApiError && error.problem === "token") askForKey();
    else setTimeout(() => void connect(), 5000);
  }
  relabel();
}

chatView.append(chat.scroller, h("div", { class: "dock" }, chat.latest, composer.element, hint));
document.getElementById("app")?.append(
  skip,
  sidebar.element,
  sidebar.shade,
  h(
    "div",
    { class: "stage" },
    h("header", { class: "top" }, sidebar.opener, h("div", { class: "model" }, modelName, modelState), newButton, settingsButton),
    chatView,
    training.element,
  ),
  liveRegion(),
);
route();
void connect();
