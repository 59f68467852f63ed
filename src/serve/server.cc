// SPDX-License-Identifier: Apache-2.0
#include "serve/server.h"

#include <atomic>
#include <nlohmann/json.hpp>

#include "serve/generation.h"
#include "serve/guard.h"
#include "serve/openai_chat.h"
#include "serve/openai_error.h"
#include "serve/page.h"
#include "serve/router.h"

namespace walchen::serve {
namespace {

Response JsonResponse(int status, const Json& body) {
  Response response;
  response.status = status;
  response.headers.push_back({"Cache-Control", "no-store"});
  response.body = WriteJson(body);
  return response;
}

}  // namespace

// The route table, and what every request passes before it gets there.
class Server::Service final : public HttpService {
 public:
  Service(infer::Engine& engine, const ServerOptions& options)
      : engine_(engine), started_(options.clock->WallSeconds()), chat_(options.fingerprint, *options.clock) {
    AddRoutes();
  }

  // The port is known only when the listener is open; no request comes before.
  void SetGuard(std::unique_ptr<const Guard> guard) { guard_ = std::move(guard); }
  void StartDraining() { draining_ = true; }

  std::optional<Response> Refuse(const Request& head) override {
    if (const std::string why = guard_->RefuseHostOrOrigin(head); !why.empty()) return ErrorResponse(403, why);
    const Router::Match match = router_.Find(head.method, head.path);
    if (match.route && match.route->access == Access::kOpen) return std::nullopt;
    // Whether a path exists is nobody's business without a token.
    if (!guard_->HasToken(head)) {
      return ErrorResponse(401,
                           "this server wants its token: send \"Authorization: Bearer <token>\", or open the address "
                           "that `walchen serve` printed");
    }
    if (!match.route && !match.allowed.empty()) {
      Response response = ErrorResponse(405, fmt::format("{} answers {} only", head.path, match.allowed));
      response.headers.push_back({"Allow", match.allowed});
      return response;
    }
    if (!match.route) return ErrorResponse(404, fmt::format("there is nothing at {}", head.path));
    if (draining_) return ErrorResponse(503, "the server is stopping; try again in a moment");
    return std::nullopt;
  }

  void Serve(Request request, ExchangePtr exchange) override {
    Router::Match match = router_.Find(request.method, request.path);
    request.parameters = std::move(match.parameters);
    match.route->handler(std::move(request), std::move(exchange));
  }

  Response ErrorResponse(int status, std::string_view message) override {
    return serve::ErrorResponse({status, std::string(message), "", ""});
  }

 private:
  void Get(std::string pattern, Access access, std::function<Response(const Request&)> answer) {
    router_.Add({"GET", std::move(pattern), access,
                 [answer = std::move(answer)](const Request& request, const ExchangePtr& exchange) {
                   exchange->Reply(answer(request));
                 }});
  }

  void AddRoutes() {
    Get("/health", Access::kOpen, [](const Request&) { return JsonResponse(200, {{"status", "ok"}}); });
    Get("/ready", Access::kOpen, [this](const Request&) {
      return draining_ ? JsonResponse(503, {{"status", "stopping"}}) : JsonResponse(200, {{"status", "ready"}});
    });
    Get("/v1/models", Access::kToken, [this](const Request&) { return ModelList(engine_, started_); });
    Get("/v1/models/{name}", Access::kToken,
        [this](const Request& request) { return ModelByName(engine_, started_, request.parameters[0]); });
    router_.Add({"POST", "/v1/chat/completions", Access::kToken, [this](Request request, ExchangePtr exchange) {
                   Generate(engine_, chat_, std::move(request), std::move(exchange));
                 }});
    for (const PageFile& file : PageFiles()) {
      const bool front = file.path == "/index.html";
      Get(front ? "/" : std::string(file.path), Access::kOpen, [this, file, front](const Request& request) {
        return front ? FrontPage(file, request) : PageResponse(file);
      });
    }
  }

  // "/?token=..." turns the token into a cookie and goes to "/", so that it does not stay in the address bar. The page
  // itself is no secret: without a token it says how to get in.
  Response FrontPage(const PageFile& file, const Request& request) const {
    const auto token = request.QueryValue("token");
    Response response = PageResponse(file);
    if (!token || !guard_->needs_token()) return response;
    if (!guard_->IsToken(*token)) {
      response.status = 401;
      return response;
    }
    response.status = 303;
    response.body.clear();
    response.headers.push_back({"Location", "/"});
    response.headers.push_back({"Set-Cookie", guard_->Cookie()});
    return response;
  }

  infer::Engine& engine_;
  const int64_t started_;
  const OpenAiChat chat_;
  Router router_;
  std::unique_ptr<const Guard> guard_;
  std::atomic<bool> draining_ = false;
};

Result<std::unique_ptr<Server>> Server::Start(infer::Engine& engine, const ServerOptions& options) {
  TRY(CheckAdapterNames(engine.model()));
  std::unique_ptr<Server> server(new Server());
  server->service_ = std::make_unique<Service>(engine, options);
  TRY_ASSIGN(server->listener_, HttpListener::Open(*server->service_, options.listener));
  server->service_->SetGuard(std::make_unique<Guard>(options.listener.host, server->port(), options.token));
  server->listener_->Run();
  return server;
}

Server::~Server() = default;

int Server::port() const { return listener_->port(); }

void Server::Stop() {
  service_->StartDraining();
  listener_->Stop();
}

void Server::StopNow() {
  service_->StartDraining();
  listener_->StopNow();
}

void Server::Wait() { listener_->Wait(); }

}  // namespace walchen::serve
