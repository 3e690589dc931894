#include <curl/curl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "providers/core/http.hpp"
#include "providers/core/http_text.hpp"
#include "providers/core/http_tls.hpp"
#include "providers/core/http_transport.hpp"
#include "providers/core/scrub.hpp"

namespace homeostat {

namespace {

using Instant = std::chrono::steady_clock::time_point;
constexpr std::size_t longest_excerpt = 80;   // characters
constexpr std::size_t longest_message = 400;  // likewise
constexpr std::size_t excerpt_bytes = 4 * longest_excerpt;

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

// A line break in a token would begin a header of its own.
Status check_headers(const std::vector<HttpHeader>& headers) {
  for (const HttpHeader& header : headers) {
    const bool named = !header.name.empty() &&
                       header.name.find_first_of(" \t:;,\"()<>@/[]?={}\\") == std::string::npos;
    if (!named || has_control(header.name)) {
      return fail(ErrorKind::internal, "a header without a proper name");
    }
    if (has_control(header.value)) {
      return fail(
          ErrorKind::invalid_spec,
          "the value for header " + header.name + " has a line break or a control character",
          "look for one at the end of the token or password");
    }
  }
  return {};
}

void add_secrets(std::vector<std::string>& secrets, const std::vector<HttpHeader>& headers) {
  for (const HttpHeader& header : headers) {
    if (!header.secret) continue;
    secrets.push_back(header.value);
    // "Bearer abc": the second word alone is one too.
    const auto blank = header.value.rfind(' ');
    if (blank != std::string::npos) secrets.push_back(header.value.substr(blank + 1));
  }
}

std::vector<std::string> secrets_of(const HttpSettings& settings) {
  std::vector<std::string> secrets = settings.secrets;
  add_secrets(secrets, settings.headers);
  return secrets;
}

// At most so many at once. For several threads.
class Slots {
 public:
  explicit Slots(int count) : free_(std::max(count, 1)) {}
  // False: stopped first.
  [[nodiscard]] bool take(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    if (!freed_.wait(lock, stop, [this] { return free_ > 0; })) return false;
    --free_;
    return true;
  }
  void give_back() {
    {
      const std::lock_guard lock(mutex_);
      ++free_;
    }
    freed_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any freed_;
  int free_;  // guarded by mutex_
};

Error stopped(const std::string& origin) {
  return fail(ErrorKind::cancelled, origin + ": stopped").value();
}

}  // namespace

struct HttpClient::State {
  HttpSettings settings;
  HttpTarget target;
  std::vector<std::string> secrets;
  Scrubber redact;
  Timing timing;
  Slots slots;
  Pace pace;
  std::mutex mutex;
  std::vector<std::unique_ptr<HttpHandle>> idle;  // guarded by mutex
  HttpCounts counts;                              // guarded by mutex
  Instant closed_until;                           // guarded by mutex; by the server's own word

  State(HttpSettings given, HttpTarget to)
      : settings(std::move(given)),
        target(std::move(to)),
        secrets(secrets_of(settings)),
        redact(secrets),
        timing(with_real_timing(settings.timing)),
        slots(settings.max_in_flight),
        pace(settings.max_per_second) {}

  [[nodiscard]] Status check(const HttpRequest& request, const std::string& origin) const;
  [[nodiscard]] std::string origin_of(const HttpRequest& request, const Scrubber& hide) const;
  // That nothing is to be sent yet, by what an earlier answer said.
  [[nodiscard]] Status check_open(const std::string& origin);
  HttpTry try_once(const HttpRequest& request, const std::string& origin, bool again, Instant began,
                   const std::stop_token& stop);
  // What the server asked for is more than is waited for.
  Error too_long(Error error, std::chrono::seconds asked, Instant began);
  HttpTry exchange(const HttpRequest& request, const std::string& origin,
                   const std::stop_token& stop);
  void log(const HttpRequest& request, const std::string& origin, const HttpTry& tried,
           std::chrono::milliseconds took) const;
  void count(const Result<HttpReply>& result);
  // What an answer, or none, means.
  Result<HttpReply> judge(const HttpRequest& request, HttpTry& tried, const Scrubber& hide) const;
};

Status HttpClient::State::check(const HttpRequest& request, const std::string& origin) const {
  const bool reads = request.method == "GET" || request.method == "HEAD" || request.only_reads;
  if (settings.read_only && !reads) {
    return fail(ErrorKind::internal, origin + ": opened for looking only, nothing was sent");
  }
  const bool plain = std::all_of(request.path.begin(), request.path.end(), [](char c) {
    return static_cast<unsigned char>(c) > 0x20 && static_cast<unsigned char>(c) < 0x7F;
  });
  if (!request.path.starts_with('/') || !plain || request.path.find('#') != std::string::npos) {
    return fail(ErrorKind::internal, origin + ": not a path that can be asked for");
  }
  const bool method =
      !request.method.empty() && std::all_of(request.method.begin(), request.method.end(),
                                             [](char c) { return c >= 'A' && c <= 'Z'; });
  if (!method) return fail(ErrorKind::internal, origin + ": not a method");
  return check_headers(request.headers);
}

std::string HttpClient::State::origin_of(const HttpRequest& request, const Scrubber& hide) const {
  const std::string_view path =
      std::string_view(request.path).substr(0, request.path.find_first_of("?#"));
  // Of a query nothing is shown: that is where some servers want their tokens.
  return one_line(hide.clean(request.method + " " + target.shown + std::string(path)),
                  longest_message / 2);
}

HttpTry HttpClient::State::exchange(const HttpRequest& request, const std::string& origin,
                                    const std::stop_token& stop) {
  std::unique_ptr<HttpHandle> handle;
  {
    const std::lock_guard lock(mutex);
    if (!idle.empty()) {
      handle = std::move(idle.back());
      idle.pop_back();
    }
  }
  if (!handle) handle = std::make_unique<HttpHandle>(settings, target);
  HttpTry tried = handle->perform(request, origin, stop);
  const std::lock_guard lock(mutex);
  idle.push_back(std::move(handle));
  return tried;
}

Status HttpClient::State::check_open(const std::string& origin) {
  const auto now = timing.now();
  const std::lock_guard lock(mutex);
  if (now >= closed_until) return {};
  const auto left = std::chrono::ceil<std::chrono::seconds>(closed_until - now);
  Error error = fail(ErrorKind::transient,
                     fmt::format("{}: not sent, the server asked for {} s more without a call",
                                 origin, left.count()))
                    .value();
  error.exhausted = true;
  return tl::unexpected(std::move(error));
}

Error HttpClient::State::too_long(Error error, std::chrono::seconds asked, Instant began) {
  const auto now = timing.now();
  const auto waited = std::chrono::floor<std::chrono::seconds>(now - began);
  error.message += fmt::format("; it asks to wait {} s", asked.count());
  if (waited.count() > 0) error.message += fmt::format(" more after {} s", waited.count());
  error.message +=
      fmt::format(", and a call waits {} at most", shown_milliseconds(settings.patience.count()));
  error.exhausted = true;
  const std::lock_guard lock(mutex);
  closed_until = std::max(closed_until, now + asked);
  return error;
}

HttpTry HttpClient::State::try_once(const HttpRequest& request, const std::string& origin,
                                    bool again, Instant began, const std::stop_token& stop) {
  HttpTry tried;
  tried.reply = tl::unexpected(stopped(origin));
  if (!slots.take(stop)) return tried;
  const auto turn = pace.take_turn(timing.now());
  const bool in_time = timing.now() + turn - began <= settings.patience;
  if (in_time) {
    timing.wait(turn, stop);
  } else {
    tried.out_of_time = true;
    tried.reply = fail(ErrorKind::transient,
                       fmt::format("{}: not sent, its turn does not come within {}", origin,
                                   shown_milliseconds(settings.patience.count())));
  }
  if (in_time && !stop.stop_requested()) {
    const auto sent = std::chrono::steady_clock::now();
    tried = exchange(request, origin, stop);
    const auto took = std::chrono::steady_clock::now() - sent;
    log(request, origin, tried, std::chrono::duration_cast<std::chrono::milliseconds>(took));
    const std::lock_guard lock(mutex);
    counts.calls += tried.counts.calls;
    counts.connects += tried.counts.connects;
    counts.bytes_sent += tried.counts.bytes_sent;
    counts.bytes_received += tried.counts.bytes_received;
    if (tried.counts.certificate_until) {
      counts.certificate_until = tried.counts.certificate_until;
    }
    if (again) counts.retries += 1;
  }
  slots.give_back();
  return tried;
}

void HttpClient::State::log(const HttpRequest& request, const std::string& origin,
                            const HttpTry& tried, std::chrono::milliseconds took) const {
  if (!spdlog::should_log(spdlog::level::trace)) return;
  const std::string url = origin.substr(std::min(request.method.size() + 1, origin.size()));
  if (tried.reply) {
    spdlog::trace("provider={} method={} url={} status={} sent={} received={} ms={}", settings.name,
                  request.method, url, tried.reply->status, tried.counts.bytes_sent,
                  tried.counts.bytes_received, took.count());
  } else {
    spdlog::trace("provider={} method={} url={} sent={} received={} ms={} error=\"{}\"",
                  settings.name, request.method, url, tried.counts.bytes_sent,
                  tried.counts.bytes_received, took.count(),
                  redact.clean(tried.reply.error().message));
  }
}

void HttpClient::State::count(const Result<HttpReply>& result) {
  if (result || result.error().kind == ErrorKind::cancelled) return;
  const std::lock_guard lock(mutex);
  ++counts.errors;
}

Result<HttpReply> HttpClient::State::judge(const HttpRequest& request, HttpTry& tried,
                                           const Scrubber& hide) const {
  const auto shown = [&hide](Error error) {
    error.message = one_line(hide.clean(error.message), longest_message);
    error.hint = one_line(hide.clean(error.hint), longest_message);
    return tl::unexpected(std::move(error));
  };
  if (!tried.reply) {
    Error error = std::move(tried.reply).error();
    if (error.kind == ErrorKind::transient && tried.sent && !is_idempotent(request)) {
      error.kind = ErrorKind::conflict;
      error.message += "; whether it was done is not known";
    }
    return shown(std::move(error));
  }
  HttpReply& reply = *tried.reply;
  if (!request.sensitive) {
    reply.excerpt = one_line(hide.clean(reply.body, excerpt_bytes), longest_excerpt);
  }
  const bool fine = reply.status >= 200 && reply.status < 300;
  if (fine || request.judged.contains(reply.status)) return std::move(reply);
  Error error = http_error(request, reply);
  if (settings.refine) error = settings.refine(request, reply, std::move(error));
  return shown(std::move(error));
}

HttpClient::HttpClient(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;
HttpClient::~HttpClient() = default;

Result<HttpClient> HttpClient::open(HttpSettings settings) {
  // Safe from several threads since libcurl 7.84, and counted.
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started != CURLE_OK) return fail(ErrorKind::internal, "libcurl cannot be started");
  TRY_ASSIGN(HttpTarget target, parse_target(settings.url));
  TRY(check_headers(settings.headers));
  if (!settings.fingerprint.empty()) {
    if (!settings.ca_file.empty()) {
      return fail(ErrorKind::invalid_spec, "`ca_file` and `fingerprint` exclude each other",
                  "a fingerprint needs no authority: leave out one of them");
    }
    if (!target.base.starts_with("https://")) {
      return fail(ErrorKind::invalid_spec, "there is no certificate to compare `fingerprint` with",
                  "write https:// in its url, or leave out `fingerprint`");
    }
    TRY_ASSIGN(settings.fingerprint, canonical_fingerprint(settings.fingerprint));
  }
  if (!settings.ca_file.empty()) {
    TRY(check_ca_file(settings.ca_file));
  }
  return HttpClient(std::make_unique<State>(std::move(settings), std::move(target)));
}

Result<HttpReply> HttpClient::send(const HttpRequest& request, std::stop_token stop) const {
  State& state = *state_;
  std::vector<std::string> secrets = state.secrets;
  add_secrets(secrets, request.headers);
  const Scrubber hide = secrets.size() == state.secrets.size() ? state.redact : Scrubber(secrets);
  const std::string origin = state.origin_of(request, hide);
  TRY(state.check(request, origin));
  TRY(state.check_open(origin));
  const Instant began = state.timing.now();
  for (int repetition = 0;; ++repetition) {
    HttpTry tried = state.try_once(request, origin, repetition > 0, began, stop);
    const auto asked = tried.reply ? retry_after(*tried.reply, state.timing.date()) : std::nullopt;
    Result<HttpReply> result = state.judge(request, tried, hide);
    state.count(result);
    if (result || result.error().kind != ErrorKind::transient) return result;
    Error error = std::move(result).error();
    const auto now = state.timing.now();
    if (asked && now + *asked - began > state.settings.patience) {
      return tl::unexpected(state.too_long(std::move(error), *asked, began));
    }
    if (asked) state.pace.hold(now + *asked);
    const bool again = is_idempotent(request) && !tried.out_of_time;
    error.exhausted = is_idempotent(request) || tried.out_of_time;
    if (!again || repetition >= state.settings.retries) return tl::unexpected(std::move(error));
    const auto pause = backoff(state.timing, repetition);
    if (now + pause - began > state.settings.patience) {
      const auto waited = std::chrono::floor<std::chrono::seconds>(now - began);
      error.message += fmt::format("; not tried again after {} s", waited.count());
      return tl::unexpected(std::move(error));
    }
    spdlog::info("provider={} retry={} of={} pause_ms={} error=\"{}\"", state.settings.name,
                 repetition + 1, state.settings.retries, pause.count(), error.message);
    state.timing.wait(pause, stop);
    if (stop.stop_requested()) return tl::unexpected(stopped(origin));
  }
}

HttpCounts HttpClient::counts() const {
  const std::lock_guard lock(state_->mutex);
  return state_->counts;
}

}  // namespace homeostat
