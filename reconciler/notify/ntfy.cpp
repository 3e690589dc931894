// ntfy, its JSON publishing: https://docs.ntfy.sh/publish/#publish-as-json
#include "reconciler/notify/text.hpp"
#include "reconciler/notify/types.hpp"
#include "reconciler/notify/web.hpp"
#include "specs/text.hpp"

namespace homeostat {
namespace {

using nlohmann::json;

// The server makes an attachment of what is longer than 4,096 bytes, where it may; a character is
// four at most.
constexpr std::size_t longest_text = 1000;

int priority_of(Message::Kind kind) {
  switch (kind) {
    case Message::Kind::opened:
      return 4;  // high
    case Message::Kind::report:
      return 2;  // low: no sound
    case Message::Kind::closed:
    case Message::Kind::note:
      break;
  }
  return 3;
}

const char* tag_of(Message::Kind kind) {
  switch (kind) {
    case Message::Kind::opened:
      return "rotating_light";
    case Message::Kind::closed:
      return "white_check_mark";
    case Message::Kind::report:
      return "clipboard";
    case Message::Kind::note:
      break;
  }
  return "information_source";
}

class Ntfy final : public Notifier {
 public:
  Ntfy(WebCaller web, std::string path, std::string topic)
      : web_(std::move(web)), path_(std::move(path)), topic_(std::move(topic)) {}

  [[nodiscard]] Delivery deliver(const Message& message, std::stop_token stop) override {
    std::string text;
    for (const std::string& chunk : split_text(message.text, longest_text, 1)) text = chunk + "\n";
    HttpRequest request;
    request.method = "POST";
    request.path = path_;
    request.body = dump({{"topic", topic_},
                         {"title", message.title},
                         {"message", text + footer(message)},
                         {"priority", priority_of(message.kind)},
                         {"tags", json::array({tag_of(message.kind)})}});
    const Result<HttpReply> reply = web_.send(std::move(request), stop);
    if (!reply) return WebCaller::unanswered(reply.error());
    if (reply->status >= 300) return web_.judge(*reply, {});
    const Result<json> answer = json_of(*reply);
    if (!answer) return WebCaller::unanswered(answer.error());
    if (answer->is_object() && answer->contains("id")) return {};
    return WebCaller::unanswered(
        fail(ErrorKind::internal, reply->origin + ": the answer is not ntfy's").value());
  }

 private:
  const WebCaller web_;
  const std::string path_;
  const std::string topic_;
};

Result<std::string> checked_topic(std::string_view text) {
  const bool fine =
      !text.empty() && text.size() <= 64 &&
      text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
          text.npos;
  if (fine) return std::string(text);
  return fail(ErrorKind::invalid_spec, in_ticks(text) + " is no topic",
              "up to 64 letters, digits, - and _");
}

NotifierSchema ntfy_schema() {
  NotifierSchema schema;
  schema.type = "ntfy";
  schema.doc = "A topic of ntfy.sh, or of a server of your own.";
  FieldSchema topic{
      .name = "topic",
      .doc = "Whoever knows it may read it: take one that nobody guesses, or a token.",
      .required = true,
      .check = checked_topic,
      .example = "lab-alerts"};
  FieldSchema token{.name = "token",
                    .doc = "An access token that may publish there.",
                    .secret = true,
                    .example = "\"${secret.ntfy}\""};
  schema.settings = {std::move(topic), std::move(token)};
  for (FieldSchema& field : web_fields("https://ntfy.sh", "Where the server is.")) {
    schema.settings.push_back(std::move(field));
  }
  return schema;
}

Result<std::unique_ptr<Notifier>> open_ntfy(const NotifierContext& context) {
  WebCaller::Input input;
  const SplitUrl url = split_url_of_hook(text_setting(context, "url"));
  input.url = url.origin;
  if (const std::string token = text_setting(context, "token"); !token.empty()) {
    input.headers = {{"Authorization", "Bearer " + token, true}};
    input.secrets = {token};
  }
  TRY_ASSIGN(WebCaller web, WebCaller::open(context, std::move(input)));
  return std::make_unique<Ntfy>(std::move(web), url.path, text_setting(context, "topic"));
}

}  // namespace

NotifierType ntfy_type() { return {ntfy_schema, open_ntfy}; }

}  // namespace homeostat
