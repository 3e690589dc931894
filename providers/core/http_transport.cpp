#include "providers/core/http_transport.hpp"

#include <curl/curl.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <array>
#include <cstring>

#include "providers/core/http_text.hpp"
#include "providers/core/http_tls.hpp"
#include "specs/text.hpp"

namespace homeostat {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t max_header_bytes = std::size_t{256} << 10;
constexpr std::size_t longest_reason = 160;  // of what libcurl says, in characters

using Curl = std::unique_ptr<CURL, decltype([](CURL* handle) { curl_easy_cleanup(handle); })>;
using HeaderLines =
    std::unique_ptr<curl_slist, decltype([](curl_slist* lines) { curl_slist_free_all(lines); })>;

// Why we ended a request ourselves.
enum class Ended : std::uint8_t { no, stopped, silent, body_too_big, headers_too_big, resent };

// What libcurl's callbacks work on.
struct Exchange {
  const HttpSettings& settings;
  const HttpRequest& request;
  const std::stop_token& stop;
  HttpReply reply;
  Ended ended = Ended::no;
  std::size_t header_bytes = 0;
  int sends = 0;          // libcurl sends once more where a kept connection turns out dead
  curl_off_t moved = -1;  // bytes either way when last looked at
  Clock::time_point moved_at = {};
};

std::size_t on_body(char* bytes, std::size_t, std::size_t count, void* exchange) noexcept {
  auto& it = *static_cast<Exchange*>(exchange);
  if (count > it.settings.max_body_bytes - it.reply.body.size()) {
    it.ended = Ended::body_too_big;
    return CURL_WRITEFUNC_ERROR;
  }
  it.reply.body.append(bytes, count);
  return count;
}

std::size_t on_header(char* bytes, std::size_t, std::size_t count, void* exchange) noexcept {
  auto& it = *static_cast<Exchange*>(exchange);
  std::string_view line(bytes, count);
  it.header_bytes += count;
  if (it.header_bytes > max_header_bytes) {
    it.ended = Ended::headers_too_big;
    return 0;
  }
  if (line.starts_with("HTTP/")) it.reply.headers.clear();  // of a 100 Continue
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return count;
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  const std::string name = to_lower(line.substr(0, colon));
  const std::string_view value = trim(line.substr(std::min(colon + 1, line.size())));
  it.reply.headers[name] = value;
  const auto length = name == "content-length" ? parse_digits(value) : std::nullopt;
  if (length && *length > it.settings.max_body_bytes && it.request.method != "HEAD") {
    it.ended = Ended::body_too_big;
    return 0;
  }
  return count;
}

int on_progress(void* exchange, curl_off_t, curl_off_t received, curl_off_t,
                curl_off_t sent) noexcept {
  auto& it = *static_cast<Exchange*>(exchange);
  if (it.stop.stop_requested()) {
    it.ended = Ended::stopped;
    return 1;
  }
  // Until a request goes out it is the connection's time that counts.
  if (it.sends == 0) return 0;
  const curl_off_t moved = received + sent + static_cast<curl_off_t>(it.header_bytes);
  const auto now = Clock::now();
  if (moved != it.moved) {
    it.moved = moved;
    it.moved_at = now;
  } else if (now - it.moved_at >= it.settings.idle_limit) {
    it.ended = Ended::silent;
    return 1;
  }
  return 0;
}

// Called whenever a request is about to go out. libcurl repeats any request, a POST too, whose kept
// connection closes before the first byte of an answer; the server may have done it by then.
int on_send(void* exchange, char*, char*, int, int) noexcept {
  auto& it = *static_cast<Exchange*>(exchange);
  if (it.sends > 0 && !is_idempotent(it.request)) {
    it.ended = Ended::resent;
    return CURL_PREREQFUNC_ABORT;
  }
  ++it.sends;
  return CURL_PREREQFUNC_OK;
}

// A program that is started by us must not inherit the connection.
curl_socket_t open_socket(void*, curlsocktype, curl_sockaddr* address) noexcept {
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

CURLcode on_tls(CURL*, void* context, void* check) noexcept {
  judge_by(context, *static_cast<TlsCheck*>(check));
  return CURLE_OK;
}

bool has_header(const std::vector<HttpHeader>& headers, std::string_view name) {
  return std::any_of(headers.begin(), headers.end(),
                     [name](const HttpHeader& header) { return to_lower(header.name) == name; });
}

HeaderLines header_lines(const HttpSettings& settings, const HttpRequest& request) {
  HeaderLines lines;
  const auto add = [&lines](const std::string& name, const std::string& value) {
    // A name with a colon and nothing behind would be taken out by libcurl; with `;` it stays.
    const std::string line = value.empty() ? name + ";" : name + ": " + value;
    lines.reset(curl_slist_append(lines.release(), line.c_str()));
  };
  for (const auto* headers : {&settings.headers, &request.headers}) {
    for (const HttpHeader& header : *headers) add(header.name, header.value);
  }
  if (!has_header(settings.headers, "accept") && !has_header(request.headers, "accept")) {
    add("Accept", "application/json");
  }
  if (!request.body.empty() && !has_header(settings.headers, "content-type") &&
      !has_header(request.headers, "content-type")) {
    add("Content-Type", "application/json");
  }
  lines.reset(curl_slist_append(lines.release(), "Expect:"));  // no pause before a long body
  return lines;
}

}  // namespace

struct HttpHandle::State {
  const HttpSettings& settings;
  const HttpTarget& target;
  TlsCheck tls;  // before the handle: its connections refer to it
  Curl curl;
  std::array<char, CURL_ERROR_SIZE> reason{};

  void prepare(const HttpRequest& request, Exchange& exchange, const HeaderLines& lines);
  void prepare_connection();
  Error error_of(CURLcode code, const Exchange& exchange, HttpTry& tried);
  Error tls_error(CURLcode code);
  [[nodiscard]] std::string said() const { return one_line(reason.data(), longest_reason); }
};

void HttpHandle::State::prepare_connection() {
  CURL* c = curl.get();
  curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(c, CURLOPT_PROXY, "");  // the environment does not say where secrets go
  curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(c, CURLOPT_QUICK_EXIT, 1L);  // a stop must not wait for a name server
  curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, open_socket);
  if (!target.socket.empty()) {
    curl_easy_setopt(c, CURLOPT_UNIX_SOCKET_PATH, target.socket.c_str());
  }
  curl_easy_setopt(c, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(settings.connect_limit.count()));
  curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, static_cast<long>(settings.total_limit.count()));
  curl_easy_setopt(c, CURLOPT_SSL_CTX_FUNCTION, on_tls);
  curl_easy_setopt(c, CURLOPT_SSL_CTX_DATA, &tls);
  if (!settings.ca_file.empty()) {
    curl_easy_setopt(c, CURLOPT_CAINFO, settings.ca_file.c_str());
    curl_easy_setopt(c, CURLOPT_CAPATH, nullptr);
  }
  // With a pin judge_by() alone decides; no authorities are read and no name is compared.
  const bool by_authority = settings.fingerprint.empty();
  curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, by_authority ? 1L : 0L);
  curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, by_authority ? 2L : 0L);
}

void HttpHandle::State::prepare(const HttpRequest& request, Exchange& exchange,
                                const HeaderLines& lines) {
  CURL* c = curl.get();
  curl_easy_reset(c);  // keeps connections
  reason.front() = '\0';
  prepare_connection();
  curl_easy_setopt(c, CURLOPT_ERRORBUFFER, reason.data());
  curl_easy_setopt(c, CURLOPT_URL, (target.base + request.path).c_str());
  if (request.method == "HEAD") {
    curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
  } else {
    const bool body = !request.body.empty() || request.method == "POST" ||
                      request.method == "PUT" || request.method == "PATCH";
    if (body) {
      curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE,
                       static_cast<curl_off_t>(request.body.size()));
      curl_easy_setopt(c, CURLOPT_POSTFIELDS, request.body.data());
    }
    curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
  curl_easy_setopt(c, CURLOPT_HTTPHEADER, lines.get());
  curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(c, CURLOPT_WRITEDATA, &exchange);
  curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(c, CURLOPT_HEADERDATA, &exchange);
  curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(c, CURLOPT_XFERINFODATA, &exchange);
  curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(c, CURLOPT_PREREQFUNCTION, on_send);
  curl_easy_setopt(c, CURLOPT_PREREQDATA, &exchange);
}

Error HttpHandle::State::tls_error(CURLcode code) {
  const std::string fingerprint =
      tls.seen.empty() ? "" : "; the certificate there has the fingerprint " + tls.seen;
  Error error;
  error.kind = ErrorKind::auth;
  error.hint = "if that server is the right one, set `ca_file` to its authority, or `fingerprint`";
  if (!tls.refusal.empty()) {
    error.message = "its certificate is refused: " + tls.refusal + fingerprint;
  } else if (code == CURLE_PEER_FAILED_VERIFICATION) {
    error.message = "its certificate is refused: " + said() + fingerprint;
  } else if (code == CURLE_SSL_CACERT_BADFILE) {
    error = fail(ErrorKind::invalid_spec, "the certificate authorities cannot be read: " + said())
                .value();
  } else if (said().find("wrong version number") != std::string::npos ||
             said().find("packet length too long") != std::string::npos) {
    error =
        fail(ErrorKind::invalid_spec, "it does not speak TLS", "write http:// in its url").value();
  } else {
    error = fail(ErrorKind::transient, "no TLS connection: " + said()).value();
  }
  return error;
}

Error HttpHandle::State::error_of(CURLcode code, const Exchange& exchange, HttpTry& tried) {
  const auto what = [](ErrorKind kind, std::string message) {
    return fail(kind, std::move(message)).value();
  };
  switch (exchange.ended) {
    case Ended::stopped:
      return what(ErrorKind::cancelled, "stopped");
    case Ended::silent:
      tried.out_of_time = true;
      return what(ErrorKind::transient,
                  "no answer in " + shown_milliseconds(settings.idle_limit.count()));
    case Ended::body_too_big:
      return what(
          ErrorKind::internal,
          "the answer is larger than " + shown_bytes(static_cast<double>(settings.max_body_bytes)));
    case Ended::headers_too_big:
      return what(ErrorKind::internal, "the answer's headers do not end");
    case Ended::resent:
      return what(ErrorKind::transient, "the connection was closed before an answer");
    case Ended::no:
      break;
  }
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return what(ErrorKind::transient, "its name has no address");
    case CURLE_COULDNT_CONNECT: {
      long number = 0;
      curl_easy_getinfo(curl.get(), CURLINFO_OS_ERRNO, &number);
      return what(
          ErrorKind::transient,
          "no connection: " +
              (number != 0 ? std::string(std::strerror(static_cast<int>(number))) : said()));
    }
    case CURLE_OPERATION_TIMEDOUT:
      tried.out_of_time = true;
      if (!tried.sent) {
        return what(
            ErrorKind::transient,
            "no connection in " +
                shown_milliseconds(std::min(settings.connect_limit, settings.total_limit).count()));
      }
      return what(ErrorKind::transient,
                  "not answered in full in " + shown_milliseconds(settings.total_limit.count()));
    case CURLE_GOT_NOTHING:
      return what(ErrorKind::transient, "the connection was closed before an answer");
    case CURLE_PARTIAL_FILE:
      return what(ErrorKind::transient,
                  fmt::format("the answer was cut off after {} bytes", exchange.reply.body.size()));
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return what(ErrorKind::transient, "the connection broke: " + said());
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
      return tls_error(code);
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
      return what(ErrorKind::internal, "it does not speak HTTP: " + said());
    default:
      return what(ErrorKind::internal, fmt::format("{} ({})", curl_easy_strerror(code), said()));
  }
}

HttpHandle::HttpHandle(const HttpSettings& settings, const HttpTarget& target)
    : state_(new State{settings,
                       target,
                       TlsCheck{.pin = settings.fingerprint, .seen = {}, .refusal = {}},
                       Curl(curl_easy_init()),
                       {}}) {}
HttpHandle::~HttpHandle() = default;

HttpTry HttpHandle::perform(const HttpRequest& request, const std::string& origin,
                            const std::stop_token& stop) {
  HttpTry tried;
  if (!state_->curl) {
    tried.reply = fail(ErrorKind::internal, origin + ": libcurl cannot be started");
    return tried;
  }
  CURL* curl = state_->curl.get();
  Exchange exchange{.settings = state_->settings,
                    .request = request,
                    .stop = stop,
                    .reply = {},
                    .moved_at = Clock::now()};
  const HeaderLines lines = header_lines(state_->settings, request);
  state_->prepare(request, exchange, lines);
  state_->tls.seen.clear();
  state_->tls.refusal.clear();
  state_->tls.until.reset();
  const CURLcode code = curl_easy_perform(curl);

  const auto number = [curl](CURLINFO what) {
    long value = 0;
    curl_easy_getinfo(curl, what, &value);
    return value;
  };
  const auto bytes = [curl](CURLINFO what) {
    curl_off_t value = 0;
    curl_easy_getinfo(curl, what, &value);
    return static_cast<std::uint64_t>(value);
  };
  tried.sent = exchange.sends > 0;
  tried.counts.calls = static_cast<std::uint64_t>(exchange.sends);
  tried.counts.connects = static_cast<std::uint64_t>(number(CURLINFO_NUM_CONNECTS));
  tried.counts.bytes_sent =
      bytes(CURLINFO_SIZE_UPLOAD_T) + static_cast<std::uint64_t>(number(CURLINFO_REQUEST_SIZE));
  tried.counts.bytes_received = bytes(CURLINFO_SIZE_DOWNLOAD_T) + exchange.header_bytes;
  tried.counts.certificate_until = state_->tls.until;
  if (code != CURLE_OK) {
    Error error = state_->error_of(code, exchange, tried);
    error.message = origin + ": " + error.message;
    tried.reply = tl::unexpected(std::move(error));
    return tried;
  }
  exchange.reply.status = static_cast<int>(number(CURLINFO_RESPONSE_CODE));
  exchange.reply.origin = origin;
  tried.reply = std::move(exchange.reply);
  return tried;
}

std::optional<std::chrono::seconds> retry_after(const HttpReply& reply,
                                                std::chrono::sys_seconds now) {
  constexpr std::uint64_t longest = 1'000'000;
  const std::string text = reply.header("retry-after");
  if (const auto seconds = parse_digits(text)) {
    return std::chrono::seconds(std::min(*seconds, longest));
  }
  if (text.empty()) {
    const auto reset = parse_digits(reply.header("x-ratelimit-reset"));
    if (!reset || reply.header("x-ratelimit-remaining") != "0") return std::nullopt;
    const auto today = static_cast<std::uint64_t>(now.time_since_epoch().count());
    return std::chrono::seconds(*reset > today ? std::min(*reset - today, longest) : 0);
  }
  const time_t date = curl_getdate(text.c_str(), nullptr);
  if (date == -1) return std::nullopt;
  return std::max(std::chrono::sys_seconds(std::chrono::seconds(date)) - now,
                  std::chrono::seconds(0));
}

}  // namespace homeostat
