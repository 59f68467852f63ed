// SPDX-License-Identifier: Apache-2.0
//
// The only file with Asio and Beast in it. Beast parses requests; sockets are non-blocking, read and written directly,
// and waited for with a deadline, so that every wait has one and none loses bytes when it is cut short.
#include "serve/connection.h"

#include <sys/socket.h>

#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <thread>
#include <unordered_set>

#include "base/log.h"
#include "serve/exchange_channel.h"

namespace walchen::serve {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using SteadyTime = std::chrono::steady_clock::time_point;
using Parser = http::request_parser<http::string_body>;

constexpr auto kNoError = asio::as_tuple(asio::use_awaitable);
constexpr size_t kReadBytes = 16'384;        // what an idle connection costs once it has sent something
constexpr size_t kBodyReadBytes = 65'536;    // fewer system calls for large bodies
constexpr int kReadsBeforeYield = 16;        // 1 MiB of body, then other connections get their turn
constexpr size_t kLingerBytes = 33'554'432;  // twice the largest body
constexpr int kHeavyThreads = 2;             // one long prompt must not hold up all short ones

SteadyTime After(int64_t ms) { return std::chrono::steady_clock::now() + std::chrono::milliseconds(ms); }

class Connection;

// There is nobody to answer: the client left, or asked for nothing in its time.
Response NoAnswer() {
  Response none;
  none.status = 0;
  return none;
}

// What connections, exchanges and the listener share. Exchanges keep it alive, because the engine may drop the last
// pointer to one on its own thread when the listener is already gone.
struct Core {
  explicit Core(const ListenerOptions& listener_options) : options(listener_options), heavy(kHeavyThreads) {}

  const ListenerOptions options;
  asio::io_context io{1};
  asio::thread_pool heavy;
  HttpService* service = nullptr;
  std::unordered_set<Connection*> connections;  // I/O thread
  int64_t answers = 0;                          // being made or sent; I/O thread
  int64_t body_bytes = 0;                       // I/O thread
  bool draining = false;
  std::function<void()> on_answer_done;
};
using CorePtr = std::shared_ptr<Core>;

// Some of kHttpMaxBodiesBytes, taken by a body as it is read.
class BodyLease {
 public:
  explicit BodyLease(CorePtr core) : core_(std::move(core)) {}
  BodyLease(const BodyLease&) = delete;
  BodyLease& operator=(const BodyLease&) = delete;
  ~BodyLease() {
    // The request may end its life on a worker.
    asio::post(core_->io, [core = core_.get(), bytes = bytes_] { core->body_bytes -= bytes; });
  }
  bool GrowTo(int64_t bytes) {
    const int64_t more = std::max<int64_t>(bytes - bytes_, 0);
    if (core_->body_bytes + more > base::kHttpMaxBodiesBytes) return false;
    core_->body_bytes += more;
    bytes_ += more;
    return true;
  }

 private:
  const CorePtr core_;
  int64_t bytes_ = 0;
};

// The handler's end of a channel.
class ChannelExchange final : public Exchange, public std::enable_shared_from_this<ChannelExchange> {
 public:
  ChannelExchange(CorePtr core, std::shared_ptr<ExchangeChannel> channel)
      : core_(std::move(core)), work_(asio::make_work_guard(core_->io)), channel_(std::move(channel)) {}
  ~ChannelExchange() override {
    asio::post(core_->io, [service = core_->service, channel = channel_] {
      if (!channel->begun()) {
        channel->Reply(service->ErrorResponse(500, "the server dropped this request; its log says why"));
      } else {
        channel->End();
      }
    });
  }

  void Reply(Response response) override { channel_->Reply(std::move(response)); }
  void BeginStream(Response head, std::string keep_alive) override {
    channel_->BeginStream(std::move(head), std::move(keep_alive));
  }
  void Write(std::string_view bytes) override { channel_->Write(bytes); }
  void End() override { channel_->End(); }
  void OnInterruption(std::function<void(Interruption)> callback) override {
    channel_->OnInterruption(std::move(callback));
  }
  bool client_left() const override { return channel_->client_left(); }

  void Post(std::function<void()> work) override { asio::post(core_->io, Survivable(std::move(work))); }
  void PostHeavy(std::function<void()> work) override { asio::post(core_->heavy, Survivable(std::move(work))); }

 private:
  // Out of memory in one request is no reason to end the others. The exchange stays alive while its work runs.
  std::function<void()> Survivable(std::function<void()> work) {
    return [self = shared_from_this(), work = std::move(work)] {
      try {
        work();
      } catch (const std::exception& exception) {
        base::Log(base::LogLevel::kError, "a request was dropped: {}", exception.what());
      }
    };
  }

  // In this order: the guard must go before the io_context it guards.
  const CorePtr core_;
  const asio::executor_work_guard<asio::io_context::executor_type> work_;
  const std::shared_ptr<ExchangeChannel> channel_;
};

int StatusOf(http::error error) {
  switch (error) {
    case http::error::header_limit:
    case http::error::buffer_overflow: return 431;
    case http::error::body_limit: return 413;
    case http::error::bad_version: return 505;
    default: return 400;
  }
}

// What was wrong with the request that Beast gave up on.
std::string Wrong(http::error error) {
  switch (error) {
    case http::error::header_limit:
    case http::error::buffer_overflow: return "the request's header is larger than 16 KiB; send fewer or shorter header lines";
    case http::error::body_limit: return "the request's body is larger than 16 MiB; send less at once";
    default: return fmt::format("the request is not valid HTTP/1.1: {}", http::make_error_code(error).message());
  }
}

// One client. Runs on the I/O thread and owns itself while its coroutine runs.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(CorePtr core, tcp::socket socket) : core_(std::move(core)), socket_(std::move(socket)), wake_(core_->io) {
    core_->connections.insert(this);
  }
  ~Connection() { core_->connections.erase(this); }

  asio::awaitable<void> Run() {
    error_code ignored;
    socket_.non_blocking(true, ignored);
    socket_.set_option(tcp::no_delay(true), ignored);
    if (std::ssize(core_->connections) > core_->options.max_connections) {
      co_await RefuseAndClose(core_->service->ErrorResponse(503, "too many connections; try again in a second"));
      co_return;
    }
    while (co_await ServeOne()) {
      // A client that never lets the socket run dry must not keep the thread to itself.
      co_await asio::post(core_->io, asio::use_awaitable);
    }
    socket_.shutdown(tcp::socket::shutdown_both, ignored);
  }

  void Interrupt(Interruption why) {
    if (channel_) {
      channel_->CloseAfterwards();
      channel_->Interrupt(why);
    }
  }
  void Close() {
    error_code ignored;
    socket_.close(ignored);
    wake_.cancel();
  }

 private:
  enum class Progress { kDone, kTimeout, kClosed, kFull };

  // Waits for the socket, at most until the deadline.
  asio::awaitable<bool> Ready(tcp::socket::wait_type what, SteadyTime deadline) {
    using namespace asio::experimental::awaitable_operators;
    asio::steady_timer timer(core_->io, deadline);
    auto ready = socket_.async_wait(what, kNoError);
    auto late = timer.async_wait(kNoError);
    const auto first = co_await (std::move(ready) || std::move(late));
    co_return first.index() == 0 && !std::get<0>(std::get<0>(first));
  }

  // Adds some bytes to buffer_.
  asio::awaitable<Progress> Fill(size_t at_most, SteadyTime deadline) {
    const size_t room = std::min(at_most, buffer_.max_size() - buffer_.size());
    if (room == 0) co_return Progress::kFull;
    for (;;) {
      error_code error;
      const size_t read = socket_.read_some(buffer_.prepare(room), error);
      if (!error) {
        buffer_.commit(read);
        co_return Progress::kDone;
      }
      if (error != asio::error::would_block) co_return Progress::kClosed;
      if (!co_await Ready(tcp::socket::wait_read, deadline)) {
        co_return socket_.is_open() ? Progress::kTimeout : Progress::kClosed;
      }
    }
  }

  asio::awaitable<bool> WriteAll(std::string_view bytes) {
    while (!bytes.empty()) {
      error_code error;
      bytes.remove_prefix(socket_.write_some(asio::buffer(bytes), error));
      if (!error) continue;
      if (error != asio::error::would_block) co_return false;
      const SteadyTime deadline = After(core_->options.write_timeout_ms);
      if (!co_await Ready(tcp::socket::wait_write, deadline)) co_return false;
    }
    co_return true;
  }

  // Feeds the parser what is there. False: it needs more bytes.
  bool Parse(Parser& parser, error_code& error) {
    if (buffer_.size() == 0) return false;
    const size_t used = parser.put(buffer_.data(), error);
    buffer_.consume(used);
    if (error == http::error::need_more) {
      error = {};
      return used > 0 && buffer_.size() > 0;
    }
    return true;
  }

  // Sends an error and closes without losing it: a socket closed with unread bytes in it would reset the connection,
  // and the client could not read why.
  asio::awaitable<bool> RefuseAndClose(Response response) {
    const std::string head = SerializeHead(response, Framing::kLength, false);
    if (co_await WriteAll(head + response.body)) {
      error_code ignored;
      socket_.shutdown(tcp::socket::shutdown_send, ignored);
      const SteadyTime deadline = After(2'000);
      for (size_t dropped = 0; dropped < kLingerBytes; dropped += buffer_.size()) {
        buffer_.clear();
        if (co_await Fill(kBodyReadBytes, deadline) != Progress::kDone) break;
      }
    }
    co_return false;
  }

  Response Refusal(http::error error) const { return core_->service->ErrorResponse(StatusOf(error), Wrong(error)); }

  asio::awaitable<std::optional<Response>> ReadHead(Parser& parser) {
    HttpService& service = *core_->service;
    bool begun = served_ == 0;
    SteadyTime deadline = After(begun ? core_->options.header_timeout_ms : core_->options.idle_timeout_ms);
    while (!parser.is_header_done()) {
      error_code error;
      if (buffer_.size() > 0 && !begun) {
        begun = true;
        deadline = After(core_->options.header_timeout_ms);
      }
      if (Parse(parser, error) && !error) continue;
      if (error) {
        co_return Refusal(static_cast<http::error>(error.value()));
      }
      switch (co_await Fill(kReadBytes, deadline)) {
        case Progress::kDone: break;
        case Progress::kFull: co_return Refusal(http::error::header_limit);
        case Progress::kTimeout:
          if (buffer_.size() == 0 && !parser.got_some()) co_return NoAnswer();  // nothing was asked
          co_return service.ErrorResponse(408, "no whole request header came within the time limit");
        case Progress::kClosed: co_return NoAnswer();
      }
    }
    co_return std::nullopt;
  }

  // An empty result: the body is in the parser.
  asio::awaitable<std::optional<Response>> ReadBody(Parser& parser, BodyLease& lease) {
    HttpService& service = *core_->service;
    const SteadyTime deadline = After(core_->options.body_timeout_ms);
    const bool room = lease.GrowTo(static_cast<int64_t>(parser.content_length().value_or(0)));
    for (int reads = 0; room && !parser.is_done();) {
      error_code error;
      if (Parse(parser, error) && !error) continue;
      if (error) {
        co_return Refusal(static_cast<http::error>(error.value()));
      }
      if (!lease.GrowTo(std::ssize(parser.get().body()))) break;
      switch (co_await Fill(kBodyReadBytes, deadline)) {
        case Progress::kDone: break;
        case Progress::kFull: co_return service.ErrorResponse(400, "a chunk's header is too long");
        case Progress::kTimeout:
          co_return service.ErrorResponse(408, "no whole request body came within the time limit");
        case Progress::kClosed: co_return NoAnswer();
      }
      if (++reads % kReadsBeforeYield == 0) co_await asio::post(core_->io, asio::use_awaitable);
    }
    if (!parser.is_done()) {
      co_return service.ErrorResponse(503, "the server holds too many large requests; try again in a second");
    }
    co_return std::nullopt;
  }

  // What Beast read, as ours. A response says what is wrong with it.
  std::optional<Response> Convert(const Parser::value_type& message, Request& request) const {
    HttpService& service = *core_->service;
    if (message.version() != 11 && message.version() != 10) {
      return service.ErrorResponse(505, "expected HTTP/1.1 or HTTP/1.0");
    }
    const std::string_view target(message.target().data(), message.target().size());
    if (std::ssize(target) > base::kHttpMaxTargetBytes) {
      return service.ErrorResponse(414, "the request's address is longer than 8 KiB");
    }
    const size_t question = target.find('?');
    const auto path = PercentDecode(target.substr(0, question));
    if (!path || path->empty() || path->front() != '/') {
      return service.ErrorResponse(400, "expected a path that begins with '/' in the request line");
    }
    request.method = std::string(message.method_string());
    request.path = *path;
    if (question != std::string_view::npos) request.query = target.substr(question + 1);
    for (const auto& field : message) {
      if (std::ssize(request.headers) == base::kHttpMaxHeaderFields) {
        return service.ErrorResponse(431, "the request has more than 100 headers");
      }
      request.headers.push_back({std::string(field.name_string()), std::string(field.value())});
    }
    return std::nullopt;
  }

  // Reads, dispatches and answers one request; true if another may follow. After a refusal that is when the request was
  // well-formed and has no body left to read.
  asio::awaitable<bool> ServeOne() {
    Parser parser;
    parser.header_limit(static_cast<uint32_t>(base::kHttpMaxHeaderBytes));
    parser.body_limit(static_cast<uint64_t>(base::kHttpMaxBodyBytes));
    Request request;
    std::optional<Response> refusal = co_await ReadHead(parser);
    if (!refusal) refusal = Convert(parser.get(), request);
    // Some of what can be got needs no token: nobody without one may reserve memory for a body.
    if (!refusal && !parser.is_done() && (request.method == "GET" || request.method == "HEAD")) {
      refusal = core_->service->ErrorResponse(400, fmt::format("a {} request has no body", request.method));
    }
    if (refusal && refusal->status == 0) co_return false;
    const bool malformed = refusal.has_value();
    if (!malformed) refusal = core_->service->Refuse(request);
    if (malformed || (refusal && !(parser.is_done() && parser.keep_alive()))) {
      co_return co_await RefuseAndClose(*std::move(refusal));
    }
    if (!refusal) {
      const auto lease = std::make_shared<BodyLease>(core_);
      if (EqualIgnoringCase(request.Find("expect"), "100-continue") && !parser.is_done() &&
          !co_await WriteAll("HTTP/1.1 100 Continue\r\n\r\n")) {
        co_return false;
      }
      if (auto bad_body = co_await ReadBody(parser, *lease)) {
        co_return bad_body->status != 0 && co_await RefuseAndClose(*std::move(bad_body));
      }
      request.body = std::move(parser.get().body());
      request.body_lease = lease;
    }
    ++served_;
    const ExchangeChannel::Wire wire{.http11 = parser.get().version() == 11,
                                     .keep_alive = parser.keep_alive(),
                                     .head_only = request.method == "HEAD"};
    co_return co_await Answer(wire, std::move(request), std::move(refusal));
  }

  asio::awaitable<bool> Answer(ExchangeChannel::Wire wire, Request request, std::optional<Response> refusal) {
    using namespace asio::experimental::awaitable_operators;
    channel_ = std::make_shared<ExchangeChannel>(wire, [weak = weak_from_this()] {
      if (const auto connection = weak.lock()) connection->OnChannelChange();
    });
    ++core_->answers;
    if (refusal) {
      channel_->Reply(*std::move(refusal));
    } else {
      Dispatch(std::move(request));
    }
    auto sent = SendAnswer();
    auto hung_up = WatchForHangUp();
    const auto first = co_await (std::move(sent) || std::move(hung_up));
    const bool whole = first.index() == 0 && std::get<0>(first);
    const bool again = whole && channel_->reusable();
    if (!whole) channel_->Interrupt(Interruption::kClientLeft);
    channel_.reset();
    --core_->answers;
    core_->on_answer_done();
    if (buffer_.size() == 0) buffer_.shrink_to_fit();
    co_return again;
  }

  void OnChannelChange() {
    error_code ignored;
    if (channel_ && channel_->overflowed()) socket_.close(ignored);
    wake_.cancel();
  }

  void Dispatch(Request request) {
    const auto exchange = std::make_shared<ChannelExchange>(core_, channel_);
    try {
      core_->service->Serve(std::move(request), exchange);
    } catch (const std::exception& exception) {
      base::Log(base::LogLevel::kError, "a request was dropped: {}", exception.what());
    }
  }

  // False: the client cannot be reached any more.
  asio::awaitable<bool> SendAnswer() {
    const auto channel = channel_;
    for (;;) {
      if (channel->overflowed()) co_return false;
      if (channel->has_pending()) {
        const std::string bytes = channel->TakePending();
        if (!co_await WriteAll(bytes)) co_return false;
        continue;
      }
      if (channel->ended()) co_return true;
      wake_.expires_at(After(core_->options.keep_alive_ms));
      const auto [error] = co_await wake_.async_wait(kNoError);
      if (!error) channel->KeepAlive();
    }
  }

  // Returns when the client hangs up. What it sends ahead is kept for later, up to one buffer; after that only a
  // failing write tells.
  asio::awaitable<void> WatchForHangUp() {
    for (;;) {
      const Progress progress = co_await Fill(4'096, SteadyTime::max());
      if (progress == Progress::kClosed) co_return;
      if (progress == Progress::kFull) {
        asio::steady_timer never(core_->io, SteadyTime::max());
        co_await never.async_wait(kNoError);
      }
    }
  }

  const CorePtr core_;
  tcp::socket socket_;
  asio::steady_timer wake_;
  beast::flat_buffer buffer_{kBodyReadBytes};
  std::shared_ptr<ExchangeChannel> channel_;
  int64_t served_ = 0;
};

class Listener final : public HttpListener {
 public:
  explicit Listener(CorePtr core) : core_(std::move(core)), acceptor_(core_->io), drain_timer_(core_->io) {}

  ~Listener() override {
    StopNow();
    Wait();
  }

  Result<void> Bind() {
    const ListenerOptions& options = core_->options;
    error_code error;
    const auto address = asio::ip::make_address(options.host == "localhost" ? "127.0.0.1" : options.host, error);
    if (error) {
      return Fail(ErrorCode::kInvalidArgument,
                  "\"{}\" is not an IP address; expected for example 127.0.0.1, ::1 or 0.0.0.0", options.host);
    }
    const tcp::endpoint endpoint(address, static_cast<uint16_t>(options.port));
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(SOMAXCONN, error);
    if (error == asio::error::address_in_use) {
      return Fail(ErrorCode::kUnavailable,
                  "port {} on {} is in use by another program; stop that one, or choose another port with --port",
                  options.port, options.host);
    }
    if (error == asio::error::access_denied) {
      return Fail(ErrorCode::kPermissionDenied,
                  "the system does not allow port {} to this user; choose one above 1023 with --port", options.port);
    }
    if (error) {
      return Fail(ErrorCode::kIo, "cannot listen on {} port {}: {}", options.host, options.port, error.message());
    }
    port_ = acceptor_.local_endpoint(error).port();
    return {};
  }

  void Run() override {
    core_->on_answer_done = [this] { FinishDrainIfIdle(); };
    asio::co_spawn(core_->io, Accept(), asio::detached);
    thread_ = std::thread([this] {
      // One connection's failure (out of memory in the coroutine machinery) must not end the others.
      for (bool running = true; running;) {
        try {
          core_->io.run();
          running = false;
        } catch (const std::exception& exception) {
          base::Log(base::LogLevel::kError, "a connection was dropped: {}", exception.what());
        }
      }
    });
  }

  int port() const override { return port_; }

  void Stop() override {
    asio::post(core_->io, [this] { Drain(core_->options.drain_ms); });
  }
  void StopNow() override {
    asio::post(core_->io, [this] { Drain(0); });
  }
  void Wait() override {
    if (thread_.joinable()) thread_.join();
    core_->heavy.join();
  }

 private:
  asio::awaitable<void> Accept() {
    while (acceptor_.is_open()) {
      auto [error, socket] = co_await acceptor_.async_accept(kNoError);
      if (!error) {
        Adopt(std::move(socket));
      } else if (acceptor_.is_open()) {
        // Out of file descriptors: the backlog waits until connections have closed.
        base::Log(base::LogLevel::kWarning, "cannot accept a connection: {}", error.message());
        asio::steady_timer pause(core_->io, After(100));
        co_await pause.async_wait(kNoError);
      }
    }
  }

  void Adopt(tcp::socket socket) {
    try {
      const auto connection = std::make_shared<Connection>(core_, std::move(socket));
      asio::co_spawn(core_->io, [connection] { return connection->Run(); }, asio::detached);
    } catch (const std::exception& exception) {
      base::Log(base::LogLevel::kError, "a connection was dropped: {}", exception.what());
    }
  }

  void Drain(int64_t ms) {
    if (finished_) return;
    core_->draining = true;
    drain_timer_.expires_at(After(ms));
    drain_timer_.async_wait([this](error_code error) {
      if (!error) Cut();
    });
    FinishDrainIfIdle();
  }

  // Time is up: every handler may say a last word, which gets a second to reach its client.
  void Cut() {
    const std::vector<Connection*> connections(core_->connections.begin(), core_->connections.end());
    for (Connection* connection : connections) connection->Interrupt(Interruption::kShutdown);
    drain_timer_.expires_at(After(1'000));
    drain_timer_.async_wait([this](error_code error) {
      if (!error) Finish();
    });
    FinishDrainIfIdle();
  }

  void FinishDrainIfIdle() {
    if (core_->draining && core_->answers == 0) Finish();
  }

  void Finish() {
    if (std::exchange(finished_, true)) return;
    error_code ignored;
    acceptor_.close(ignored);
    drain_timer_.cancel();
    for (Connection* connection : core_->connections) connection->Close();
  }

  const CorePtr core_;
  tcp::acceptor acceptor_;
  asio::steady_timer drain_timer_;
  std::thread thread_;
  int port_ = 0;
  bool finished_ = false;
};

}  // namespace

Result<std::unique_ptr<HttpListener>> HttpListener::Open(HttpService& service, const ListenerOptions& options) {
  const auto core = std::make_shared<Core>(options);
  core->service = &service;
  auto listener = std::make_unique<Listener>(core);
  TRY(listener->Bind());
  return listener;
}

}  // namespace walchen::serve
