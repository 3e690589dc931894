// What notifiers over HTTP share: one request each time, and what its answer means.
#pragma once

#include <string>
#include <vector>

#include "providers/core/http.hpp"
#include "providers/core/scrub.hpp"
#include "reconciler/notify/notifier.hpp"

namespace homeostat {

// "https://hooks.example.org/services/T/B/x?y" -> its origin, and the rest.
struct SplitUrl {
  std::string origin;
  std::string path;  // from its slash on, query included; "/" where there is none
};
[[nodiscard]] SplitUrl split_url_of_hook(const std::string& url);
// What of such a path must not be shown: long components, and every value of the query.
[[nodiscard]] std::vector<std::string> secrets_of_path(const std::string& path);

class WebCaller {
 public:
  struct Input {
    std::string url = {};                   // without query
    std::vector<HttpHeader> headers = {};   // sent with every request
    std::vector<std::string> secrets = {};  // beside those headers that are secret
  };
  // ca_file, fingerprint and timeout are taken from the settings.
  [[nodiscard]] static Result<WebCaller> open(const NotifierContext& context, Input input);

  // The answer, whatever its status; an error only where there is none.
  [[nodiscard]] Result<HttpReply> send(HttpRequest request, const std::stop_token& stop) const;

  // Nothing came back that could be judged: `later`.
  [[nodiscard]] static Delivery unanswered(Error error);
  // An answer other than 2xx. `said` is what the service itself says, where http_error() does not
  // find it; `wait` what it asks for beside Retry-After. An HTML page where the service `speaks
  // JSON` comes from something in between: `later`.
  struct Reading {
    bool speaks_json = true;
    std::string said = {};
    std::optional<std::chrono::seconds> wait = {};
  };
  [[nodiscard]] Delivery judge(const HttpReply& reply, const Reading& reading) const;
  [[nodiscard]] Time now() const { return timing_.date(); }

 private:
  WebCaller(HttpClient client, Scrubber redact, Timing timing)
      : client_(std::move(client)), redact_(std::move(redact)), timing_(std::move(timing)) {}
  HttpClient client_;
  Scrubber redact_;
  Timing timing_;
};

// The settings that they share: `url`, by default that one ("" = required), ca_file, fingerprint,
// timeout.
[[nodiscard]] std::vector<FieldSchema> web_fields(const std::string& default_url,
                                                  const std::string& url_doc);
[[nodiscard]] std::string text_setting(const NotifierContext& context, const char* key);  // or ""
[[nodiscard]] std::chrono::milliseconds time_limit(const NotifierContext& context);
// JSON for a body: whatever the texts are, it can be written.
[[nodiscard]] std::string dump(const nlohmann::json& body);

}  // namespace homeostat
