// SPDX-License-Identifier: Apache-2.0
//
// HTTP as the rest of the server sees it: plain values and one interface. Sockets, timeouts and framing are
// connection.cc's business; nothing here knows Asio or Beast, so a protocol can be tested without a network.
//
// Threads: everything runs on the server's one I/O thread, unless a comment says otherwise.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace walchen::serve {

struct Header {
  std::string name;
  std::string value;
};

struct Request {
  std::string method;
  std::string path;   // percent-decoded, without the query
  std::string query;  // as it came, without the question mark
  std::vector<Header> headers;
  std::string body;
  std::vector<std::string> parameters;  // what the {...} of the route's pattern stood for
  std::shared_ptr<void> body_lease;     // gives the body's share of kHttpMaxBodiesBytes back when it goes

  // The value of the first header of that name (case does not matter); empty if there is none.
  std::string_view Find(std::string_view name) const;
  int Count(std::string_view name) const;
  // The decoded value of name=value in the query.
  std::optional<std::string> QueryValue(std::string_view name) const;
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::vector<Header> headers = {};
  std::string body = {};
};

enum class Interruption {
  kClientLeft,  // hung up, or was cut off because it does not read; nothing can be sent any more
  kShutdown,    // the server's time to finish running answers is over; send a last word and End
};

// One request's answer under way: either Reply, or BeginStream, any number of Write, End. Dropping the last pointer
// without an answer sends 500. What is sent after the client left goes nowhere.
class Exchange {
 public:
  virtual ~Exchange() = default;

  virtual void Reply(Response response) = 0;

  // The head of an answer that comes in pieces; its body is ignored. `keep_alive` is sent when nothing else was for 15
  // seconds, which keeps proxies awake and notices dead clients. A client that leaves more than kHttpMaxUnsentBytes
  // unread is cut off.
  virtual void BeginStream(Response head, std::string keep_alive) = 0;
  virtual void Write(std::string_view bytes) = 0;
  virtual void End() = 0;

  // At most one call, and none after the answer is complete.
  virtual void OnInterruption(std::function<void(Interruption)> callback) = 0;
  virtual bool client_left() const = 0;

  // From any thread: runs `work` on the I/O thread, in the order of the calls.
  virtual void Post(std::function<void()> work) = 0;
  // From any thread: runs `work`, which may take long, on a worker thread. It may only call Post.
  virtual void PostHeavy(std::function<void()> work) = 0;
};
using ExchangePtr = std::shared_ptr<Exchange>;
using Handler = std::function<void(Request, ExchangePtr)>;

// What the connections call.
class HttpService {
 public:
  virtual ~HttpService() = default;
  // Looks at a request whose body was not read yet. A response here ends it.
  virtual std::optional<Response> Refuse(const Request& head) = 0;
  virtual void Serve(Request request, ExchangePtr exchange) = 0;
  // The body of what connections answer themselves: malformed HTTP, timeouts, too large.
  virtual Response ErrorResponse(int status, std::string_view message) = 0;
};

std::string_view ReasonPhrase(int status);

// Case does not matter in header names, header tokens and host names.
bool EqualIgnoringCase(std::string_view a, std::string_view b);

// "%41" is "A"; empty when a % is not followed by two hexadecimal digits or the result holds a NUL.
std::optional<std::string> PercentDecode(std::string_view text);

// How the end of a body is found by the client.
enum class Framing { kLength, kChunks, kClose };

// The head of a response with everything HTTP wants in it, up to and with the empty line.
std::string SerializeHead(const Response& response, Framing framing, bool keep_alive);

// One chunk of chunked framing, and the chunk that ends it.
std::string SerializeChunk(std::string_view bytes);
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace walchen::serve
