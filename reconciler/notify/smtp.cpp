#include "reconciler/notify/smtp.hpp"

#include <curl/curl.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "providers/core/http_text.hpp"
#include "providers/core/http_tls.hpp"
#include "providers/core/scrub.hpp"
#include "specs/text.hpp"
#include "specs/types.hpp"

namespace homeostat {
namespace {

using Curl = std::unique_ptr<CURL, decltype([](CURL* handle) { curl_easy_cleanup(handle); })>;
using Lines =
    std::unique_ptr<curl_slist, decltype([](curl_slist* lines) { curl_slist_free_all(lines); })>;

constexpr std::size_t longest_said = 300;  // characters
constexpr std::size_t longest_line = 2000;

// What libcurl's callbacks work on.
struct Exchange {
  const std::stop_token& stop;
  std::string_view unsent;
  int code = 0;  // of the server's last reply, but for the one to our QUIT
  std::string said = {};
  bool stopped = false;
};

std::size_t on_read(char* buffer, std::size_t size, std::size_t count, void* exchange) noexcept {
  auto& it = *static_cast<Exchange*>(exchange);
  const std::size_t length = std::min(size * count, it.unsent.size());
  std::copy_n(it.unsent.begin(), length, buffer);
  it.unsent.remove_prefix(length);
  return length;
}

// Every line that the server says: "550-No such", "550 user here".
std::size_t on_reply(char* bytes, std::size_t, std::size_t count, void* exchange) noexcept {
  auto& it = *static_cast<Exchange*>(exchange);
  const std::string_view line(bytes, std::min(count, longest_line));
  const auto code = parse_digits(line.substr(0, 3));
  constexpr int goodbye = 221;
  if (code && line.size() >= 3 && static_cast<int>(*code) != goodbye) {
    if (it.code != static_cast<int>(*code) || it.said.size() > longest_line) it.said.clear();
    it.code = static_cast<int>(*code);
    it.said += " " + std::string(line.substr(std::min<std::size_t>(4, line.size())));
  }
  return count;
}

int on_progress(void* exchange, curl_off_t, curl_off_t, curl_off_t, curl_off_t) noexcept {
  auto& it = *static_cast<Exchange*>(exchange);
  it.stopped = it.stop.stop_requested();
  return it.stopped ? 1 : 0;
}

curl_socket_t open_socket(void*, curlsocktype, curl_sockaddr* address) noexcept {
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

CURLcode on_tls(CURL*, void* context, void* check) noexcept {
  judge_by(context, *static_cast<TlsCheck*>(check));
  return CURLE_OK;
}

std::string host_of(const std::string& url) {
  const auto begin = url.find("://");
  if (begin == std::string::npos) return {};
  const std::string rest = url.substr(begin + 3);
  if (rest.starts_with('[')) return rest.substr(1, rest.find(']') - 1);
  return rest.substr(0, rest.find_first_of(":/"));
}

// As AUTH PLAIN sends them: an answer may repeat that.
std::vector<std::string> secrets_of(const SmtpSettings& settings) {
  if (settings.password.empty()) return {};
  const std::string nul(1, '\0');
  return {settings.password, nul + settings.user + nul + settings.password};
}

Delivery later(std::string message, std::string hint = {}) {
  return {DeliveryState::later, std::nullopt,
          fail(ErrorKind::transient, std::move(message), std::move(hint)).value()};
}

Delivery stopped(const std::string& url) {
  Delivery delivery = later(url + ": stopped");
  delivery.error.kind = ErrorKind::cancelled;
  return delivery;
}

struct Session {
  const SmtpSettings& settings;
  Scrubber redact;
  TlsCheck tls;  // before the handle: its connection refers to it
  Curl curl;
  std::array<char, CURL_ERROR_SIZE> reason{};

  explicit Session(const SmtpSettings& given)
      : settings(given),
        redact(secrets_of(given)),
        tls{given.fingerprint, {}, {}},
        curl(curl_easy_init()) {}
  void prepare(Exchange& exchange, const std::string& from, const Lines& recipients);
  void prepare_connection();
  Delivery judge(CURLcode code, const Exchange& exchange);
  [[nodiscard]] std::string said() const {
    return one_line(redact.clean(std::string_view(reason.data())), longest_said);
  }
};

void Session::prepare_connection() {
  CURL* c = curl.get();
  curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  curl_easy_setopt(c, CURLOPT_PROXY, "");
  curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(c, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, open_socket);
  const long limit = static_cast<long>(settings.time_limit.count());
  curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, limit);
  curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, limit);
  // A connection that is kept gets its QUIT when the handle goes, and libcurl waits two minutes for
  // the answer, whoever asks it to stop. So it ends with the mail, and by our own limit.
  curl_easy_setopt(c, CURLOPT_FORBID_REUSE, 1L);
  curl_easy_setopt(c, CURLOPT_SERVER_RESPONSE_TIMEOUT, std::max(limit / 1000, 1L));
  curl_easy_setopt(c, CURLOPT_USE_SSL,
                   static_cast<long>(settings.starttls ? CURLUSESSL_ALL : CURLUSESSL_NONE));
  curl_easy_setopt(c, CURLOPT_SSL_CTX_FUNCTION, on_tls);
  curl_easy_setopt(c, CURLOPT_SSL_CTX_DATA, &tls);
  if (!settings.ca_file.empty()) {
    curl_easy_setopt(c, CURLOPT_CAINFO, settings.ca_file.c_str());
    curl_easy_setopt(c, CURLOPT_CAPATH, nullptr);
  }
  const bool by_authority = settings.fingerprint.empty();
  curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, by_authority ? 1L : 0L);
  curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, by_authority ? 2L : 0L);
  if (!settings.user.empty()) {
    curl_easy_setopt(c, CURLOPT_USERNAME, settings.user.c_str());
    curl_easy_setopt(c, CURLOPT_PASSWORD, settings.password.c_str());
  }
}

void Session::prepare(Exchange& exchange, const std::string& from, const Lines& recipients) {
  CURL* c = curl.get();
  prepare_connection();
  curl_easy_setopt(c, CURLOPT_ERRORBUFFER, reason.data());
  curl_easy_setopt(c, CURLOPT_URL, settings.url.c_str());
  curl_easy_setopt(c, CURLOPT_MAIL_FROM, from.c_str());
  curl_easy_setopt(c, CURLOPT_MAIL_RCPT, recipients.get());
  curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(c, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(exchange.unsent.size()));
  curl_easy_setopt(c, CURLOPT_READFUNCTION, on_read);
  curl_easy_setopt(c, CURLOPT_READDATA, &exchange);
  curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_reply);
  curl_easy_setopt(c, CURLOPT_HEADERDATA, &exchange);
  curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(c, CURLOPT_XFERINFODATA, &exchange);
  curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
}

Delivery Session::judge(CURLcode code, const Exchange& exchange) {
  if (code == CURLE_OK) return {};
  if (exchange.stopped) return stopped(settings.url);
  if (exchange.code >= 400 && exchange.code < 600 && code != CURLE_OPERATION_TIMEDOUT) {
    const bool for_good = exchange.code >= 500;
    Delivery delivery = later(fmt::format("{}: {} {}", settings.url, exchange.code,
                                          one_line(redact.clean(exchange.said), longest_said)),
                              code == CURLE_LOGIN_DENIED ? "check `user` and `password`" : "");
    if (for_good) {
      delivery.state = DeliveryState::refused;
      delivery.error.kind = code == CURLE_LOGIN_DENIED ? ErrorKind::auth : ErrorKind::invalid_spec;
    }
    return delivery;
  }
  const std::string fingerprint =
      tls.seen.empty() ? "" : "; the certificate there has the fingerprint " + tls.seen;
  const std::string trust =
      "if that server is the right one, set `ca_file` to its authority, or `fingerprint`";
  switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
      return later(fmt::format("{}: its certificate is refused: {}{}", settings.url,
                               tls.refusal.empty() ? said() : tls.refusal, fingerprint),
                   trust);
    case CURLE_USE_SSL_FAILED:
      return later(settings.url + ": it offers no STARTTLS, and nothing is sent without",
                   "write smtps:// and its port, or `starttls: false` where the network is yours");
    case CURLE_OPERATION_TIMEDOUT:
      return later(fmt::format("{}: not done in {}", settings.url,
                               shown_milliseconds(settings.time_limit.count())));
    default:
      return later(
          fmt::format("{}: {}", settings.url, said().empty() ? curl_easy_strerror(code) : said()));
  }
}

}  // namespace

bool is_loopback(const std::string& url) {
  const std::string host = host_of(url);
  const auto address = parse_ip(host);
  if (!address) return host == "localhost";
  if (!address->v6) return address->bytes.front() == 127;
  return to_string(*address) == "::1";
}

Status check_smtp(const SmtpSettings& settings) {
  const std::string& url = settings.url;
  const bool tls = url.starts_with("smtps://");
  if (!tls && !url.starts_with("smtp://")) {
    return fail(ErrorKind::invalid_spec, "its url is not that of a mail server",
                "write smtp:// or smtps://, its name and its port");
  }
  if (url.find('@') != std::string::npos) {
    return fail(ErrorKind::invalid_spec, "its url names a user",
                "`user` and `password` are settings of their own");
  }
  const auto rest = url.find_first_of("/?#", url.find("://") + 3);
  if (rest != std::string::npos && url.substr(rest) != "/") {
    return fail(ErrorKind::invalid_spec, "its url has a path", "leave it out");
  }
  if (settings.user.empty() != settings.password.empty()) {
    return fail(ErrorKind::invalid_spec, "`user` and `password` belong together");
  }
  if (!tls && !settings.starttls && !settings.password.empty() && !is_loopback(url)) {
    return fail(ErrorKind::invalid_spec, "the password would go over the network in the clear",
                "leave out `starttls: false`, or write smtps://");
  }
  if (settings.ca_file.empty()) return {};
  if (!settings.fingerprint.empty()) {
    return fail(ErrorKind::invalid_spec, "`ca_file` and `fingerprint` exclude each other",
                "a fingerprint needs no authority: leave out one of them");
  }
  return check_ca_file(settings.ca_file);
}

Delivery send_mail(const SmtpSettings& settings, const std::string& from, const std::string& to,
                   const std::string& mail, const std::stop_token& stop) {
  if (stop.stop_requested()) return stopped(settings.url);
  Session session(settings);
  if (!session.curl) return later("libcurl cannot be started");
  Exchange exchange{.stop = stop, .unsent = mail};
  const Lines recipients(curl_slist_append(nullptr, ("<" + to + ">").c_str()));
  session.prepare(exchange, "<" + from + ">", recipients);
  return session.judge(curl_easy_perform(session.curl.get()), exchange);
}

}  // namespace homeostat
