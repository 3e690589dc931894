// Slack's incoming webhooks, and whoever takes the same (Mattermost, Rocket.Chat):
// https://api.slack.com/messaging/webhooks, and "Formatting text" there for the three escapes.
#include "reconciler/notify/text.hpp"
#include "reconciler/notify/types.hpp"
#include "reconciler/notify/web.hpp"

namespace homeostat {
namespace {

// Slack cuts at 40,000, and advises 4,000; an escape makes at most five of one.
constexpr std::size_t longest_text = 7000;

std::string text_of(const Message& message) {
  std::string text = "*" + html_escaped(message.title) + "*\n";
  for (const std::string& chunk : split_text(fence_proof(message.text), longest_text, 1)) {
    text += "```\n" + html_escaped(chunk) + "\n```\n";
  }
  return text + html_escaped(footer(message));
}

class Slack final : public Notifier {
 public:
  Slack(WebCaller web, std::string path) : web_(std::move(web)), path_(std::move(path)) {}

  [[nodiscard]] Delivery deliver(const Message& message, std::stop_token stop) override {
    HttpRequest request;
    request.method = "POST";
    request.path = path_;
    request.body = dump({{"text", text_of(message)},
                         {"mrkdwn", true},
                         {"unfurl_links", false},
                         {"unfurl_media", false}});
    const Result<HttpReply> reply = web_.send(std::move(request), stop);
    if (!reply) return WebCaller::unanswered(reply.error());
    if (reply->status >= 300) return web_.judge(*reply, {});
    // Slack and Mattermost say ok, Rocket.Chat {"success":true}; a page comes from somebody else.
    if (reply->body == "ok" || reply->body.find("\"success\":true") != std::string::npos) return {};
    return WebCaller::unanswered(
        fail(ErrorKind::internal, reply->origin + ": the answer is not that of an incoming webhook")
            .value());
  }

 private:
  const WebCaller web_;
  const std::string path_;
};

NotifierSchema slack_schema() {
  NotifierSchema schema;
  schema.type = "slack";
  schema.doc = "A channel of Slack, Mattermost or Rocket.Chat, by an incoming webhook.";
  schema.settings = web_fields("", "The webhook's url.");
  schema.settings.front().secret = true;
  schema.settings.front().example = "\"${secret.slack}\"";
  return schema;
}

Result<std::unique_ptr<Notifier>> open_slack(const NotifierContext& context) {
  const SplitUrl url = split_url_of_hook(text_setting(context, "url"));
  WebCaller::Input input;
  input.url = url.origin;
  input.secrets = secrets_of_path(url.path);
  TRY_ASSIGN(WebCaller web, WebCaller::open(context, std::move(input)));
  return std::make_unique<Slack>(std::move(web), url.path);
}

}  // namespace

NotifierType slack_type() { return {slack_schema, open_slack}; }

}  // namespace homeostat
