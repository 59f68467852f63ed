// SPDX-License-Identifier: Apache-2.0
//
// `walchen serve`: the APIs and the web page in front of one model, until SIGTERM or Ctrl-C.
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/limits.h"
#include "cli/access_key.h"
#include "cli/build_version.h"
#include "cli/command.h"
#include "base/home.h"
#include "cli/home_lock.h"
#include "cli/run_model.h"
#include "cli/shared_flags.h"
#include "infer/engine.h"
#include "serve/server.h"

namespace walchen::cli {
namespace {

constexpr int kDefaultPort = 1924;  // the year the Walchensee power station began to work

struct ServeOptions {
  SharedFlags shared;
  std::string host = "127.0.0.1";
  int port = kDefaultPort;
  std::string api_key_file;
  bool kv_8bit = false;
  std::vector<std::string> loras;
  infer::EngineOptions engine;
};

void Declare(Arguments& arguments, ServeOptions& options) {
  arguments.Option("--host", options.host, "Address to listen on; 0.0.0.0 lets other machines in");
  arguments.Option("--port", options.port, "Port to listen on; 0: any that is free", Range{0, 65'535});
  arguments.Option("--api-key-file", options.api_key_file,
                   "File with the key clients must show; else one is made and kept in the home");
  arguments.Option("--context", options.engine.context_tokens,
                   "Longest conversation in tokens; 0: what the model was trained for, at most 8192",
                   Range{0, static_cast<double>(base::kContextMaxTokens)});
  arguments.Flag("--kv-8bit", options.kv_8bit, "Keep the conversations' memory in 8 bits: half the size");
  arguments.Option("--lora", options.loras, "NAME=PATH: an adapter (a file, or a run of `walchen tune --lora`) that requests "
                                            "choose as model NAME; may be repeated");
  AddSharedFlags(arguments, options.shared);
}

// Every client is a file descriptor, and the usual soft limit is 1,024.
void RaiseFileLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    base::Log(base::LogLevel::kWarning, "cannot raise the limit of open files; many clients at once may have to wait");
  }
}

// Threads inherit the mask, so this must come before the first one: then only Wait below gets these signals.
sigset_t BlockStopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

// The host as a person on this or another machine can open it.
std::string PublicHost(const std::string& host) {
  if (host == "0.0.0.0" || host == "::") {
    char name[256] = {};
    return gethostname(name, sizeof(name) - 1) == 0 ? name : host;
  }
  return host.find(':') == std::string::npos ? host : fmt::format("[{}]", host);
}

void PrintAddress(const ServeOptions& options, const std::string& model, const std::string& address,
                  const std::string& shown_key) {
  const std::string url = shown_key.empty() ? address : fmt::format("{}?token={}", address, shown_key);
  if (options.shared.json) {
    fmt::print("{}\n", nlohmann::ordered_json{{"url", url}, {"model", model}}.dump());
  } else {
    fmt::print("{} is ready at {}\n", model, url);
  }
  std::fflush(stdout);  // scripts read it from a pipe or a file
}

// The first signal lets running answers finish, the second does not.
void ServeUntilSignal(serve::Server& server, const sigset_t& signals) {
  int signal = 0;
  sigwait(&signals, &signal);
  base::Log(base::LogLevel::kInfo, "stopping; running answers have {} s to finish", base::kHttpDrainMs / 1'000);
  server.Stop();
  std::thread hurry([&] {
    int again = 0;
    sigwait(&signals, &again);
    server.StopNow();
  });
  server.Wait();
  // Wakes the thread if nobody was in a hurry; stopping a stopped server does nothing.
  pthread_kill(hurry.native_handle(), SIGTERM);
  hurry.join();
}

Result<void> Serve(const ServeOptions& options) {
  const sigset_t signals = BlockStopSignals();
  RaiseFileLimit();
  base::Files& files = base::Files::Os();
  TRY_ASSIGN(const base::Home home, base::Home::Find(options.shared.home));
  TRY_ASSIGN(const base::Path model_path, ModelPath(files, options.shared));
  TRY_ASSIGN(HomeLock lock, HomeLock::Take(files, home));
  serve::ServerOptions server_options;
  server_options.listener.host = options.host;
  server_options.listener.port = options.port;
  server_options.fingerprint = fmt::format("walchen {} {}", WALCHEN_VERSION, WALCHEN_COMMIT);
  TRY_ASSIGN(server_options.token,
             options.api_key_file.empty() ? HomeKey(files, home) : KeyFromFile(files, options.api_key_file));

  TRY_ASSIGN(std::vector<infer::AdapterSource> adapters, NamedLoras(files, home, options.loras));
  TRY_ASSIGN(const auto model, infer::ModelFile::Load(files, model_path,
                                                      {.threads = options.shared.threads, .adapters = std::move(adapters)}));
  infer::EngineOptions engine_options = options.engine;
  engine_options.threads = options.shared.threads;
  engine_options.kv_type = options.kv_8bit ? tensor::KvType::kInt8 : tensor::KvType::kF16;
  TRY_ASSIGN(const auto engine, infer::Engine::Create(model, engine_options));
  TRY_ASSIGN(const auto server, serve::Server::Start(*engine, server_options));

  const std::string address = fmt::format("http://{}:{}/", PublicHost(options.host), server->port());
  TRY(lock.Announce(address));
  PrintAddress(options, model->name(), address, options.api_key_file.empty() ? server_options.token : "");
  ServeUntilSignal(*server, signals);
  return {};
}

}  // namespace

int RunServe(int argc, char** argv) {
  ServeOptions options;
  Arguments arguments("walchen serve", "Answer over HTTP with OpenAI's protocol, and show the web page.");
  Declare(arguments, options);
  if (const auto exit_code = arguments.Parse(argc, argv)) return *exit_code;
  ApplyLogLevel(options.shared, base::LogLevel::kInfo);
  const auto served = Serve(options);
  return served ? kDone : Report("serve", served.error());
}

}  // namespace walchen::cli
