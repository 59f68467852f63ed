// SPDX-License-Identifier: Apache-2.0
// The conversations, kept in the browser's storage and nowhere else.
import type { Measurements, Turn } from "./api";

export interface Message extends Turn {
  measured?: Measurements;
  stopped?: boolean;
}

export interface Conversation {
  id: string;
  messages: Message[];
  changed: number; // ms since 1970
}

const KEY = "walchen.conversations";
const MAX_KEPT = 100; // a few MB at most, which is what browsers grant

export class Conversations {
  #all: Conversation[];
  #current: Conversation;

  constructor() {
    this.#all = read();
    this.#current = this.#all[0] ?? fresh();
  }

  get current(): Conversation {
    return this.#current;
  }

  /** Those with messages in them, newest first. */
  get all(): readonly Conversation[] {
    return this.#all;
  }

  open(id: string): void {
    this.#current = this.#all.find((conversation) => conversation.id === id) ?? this.#current;
  }

  start(): void {
    this.#current = fresh();
  }

  remove(id: string): void {
    this.#all = this.#all.filter((conversation) => conversation.id !== id);
    if (this.#current.id === id) this.#current = this.#all[0] ?? fresh();
    this.#write();
  }

  /** Keeps a conversation as it is now; false when the storage is full. */
  save(conversation: Conversation): boolean {
    conversation.changed = Date.now();
    this.#all = [conversation, ...this.#all.filter((other) => other !== conversation)].slice(0, MAX_KEPT);
    return this.#write();
  }

  #write(): boolean {
    try {
      localStorage.setItem(KEY, JSON.stringify(this.#all));
      return true;
    } catch {
      return false;
    }
  }
}

export function title(conversation: Conversation): string {
  const first = conversation.messages.find((message) => message.role === "user")?.content ?? "";
  return first.trim().split("\n", 1)[0]?.slice(0, 80) ?? "";
}

function fresh(): Conversation {
  // crypto.randomUUID exists only on https and on this machine.
  return { id: `${Date.now()}-${Math.random().toString(36).slice(2)}`, messages: [], changed: Date.now() };
}

function read(): Conversation[] {
  try {
    const stored = JSON.parse(localStorage.getItem(KEY) ?? "[]") as unknown;
    return Array.isArray(stored) ? stored.filter(isConversation) : [];
  } catch {
    return [];
  }
}

function isConversation(value: unknown): value is Conversation {
  const { id, messages } = (value ?? {}) as Partial<Conversation>;
  return (
    typeof id === "string" &&
    Array.isArray(messages) &&
    messages.length > 0 &&
    messages.every((message: Partial<Message>) => typeof message?.content === "string" && typeof message.role === "string")
  );
}
