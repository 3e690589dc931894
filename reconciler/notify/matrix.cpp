// Matrix, by the client-server API's PUT /rooms/{room}/send: the transaction's id is the event's,
// so that a repeat with the same token changes nothing.
#include "reconciler/notify/text.hpp"
#include "reconciler/notify/types.hpp"
#include "reconciler/notify/web.hpp"
#include "specs/text.hpp"

namespace homeostat {
namespace {

using nlohmann::json;

// An event may have 65,536 bytes. The text stands in it twice, once with escapes of up to six.
constexpr std::size_t longest_text = 8000;

json content_of(const Message& message) {
  std::string plain = message.title + "\n";
  std::string html = "<b>" + html_escaped(message.title) + "</b><br>";
  for (const std::string& chunk : split_text(message.text, longest_text, 1)) {
    plain += chunk + "\n";
    html += "<pre><code>" + html_escaped(chunk) + "</code></pre>";
  }
  return {{"msgtype", "m.text"},
          {"body", plain + footer(message)},
          {"format", "org.matrix.custom.html"},
          {"formatted_body", html + "<sub>" + html_escaped(footer(message)) + "</sub>"},
          {"m.mentions", json::object()}};
}

// {"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 2000}
std::optional<std::chrono::seconds> wait_of(const HttpReply& reply) {
  const json body = json::parse(reply.body, nullptr, false);
  if (!body.is_object()) return std::nullopt;
  const auto found = body.find("retry_after_ms");
  if (found == body.end() || !found->is_number_unsigned()) return std::nullopt;
  return std::chrono::seconds(
      std::min<std::uint64_t>((found->get<std::uint64_t>() + 999) / 1000, 1'000'000));
}

class Matrix final : public Notifier {
 public:
  Matrix(WebCaller web, std::string path) : web_(std::move(web)), path_(std::move(path)) {}

  [[nodiscard]] Delivery deliver(const Message& message, std::stop_token stop) override {
    HttpRequest request;
    request.method = "PUT";
    request.path = path_ + url_component(message.id);
    request.body = dump(content_of(message));
    request.idempotent = true;
    const Result<HttpReply> reply = web_.send(std::move(request), stop);
    if (!reply) return WebCaller::unanswered(reply.error());
    if (reply->status >= 300) return web_.judge(*reply, {.wait = wait_of(*reply)});
    const Result<json> answer = json_of(*reply);
    if (!answer) return WebCaller::unanswered(answer.error());
    if (answer->is_object() && answer->contains("event_id")) return {};
    return WebCaller::unanswered(
        fail(ErrorKind::internal, reply->origin + ": the answer is not a homeserver's").value());
  }

 private:
  const WebCaller web_;
  const std::string path_;
};

Result<std::string> checked_room(std::string_view text) {
  if (text.starts_with('!') && text.find_first_of(" \t\n") == text.npos) return std::string(text);
  return fail(ErrorKind::invalid_spec, in_ticks(text) + " is no room's id",
              "its settings show it; it begins with ! and is no alias");
}

NotifierSchema matrix_schema() {
  NotifierSchema schema;
  schema.type = "matrix";
  schema.doc = "A room of Matrix, without encryption, by a user of your homeserver.";
  FieldSchema room{.name = "room",
                   .doc = "The room's id; the user must be in it.",
                   .required = true,
                   .check = checked_room,
                   .example = "\"!abc:example.org\""};
  FieldSchema token{.name = "token",
                    .doc = "The user's access token.",
                    .required = true,
                    .secret = true,
                    .example = "\"${secret.matrix}\""};
  schema.settings = {std::move(room), std::move(token)};
  for (FieldSchema& field : web_fields("", "Where the homeserver's client API is.")) {
    schema.settings.push_back(std::move(field));
  }
  return schema;
}

Result<std::unique_ptr<Notifier>> open_matrix(const NotifierContext& context) {
  const std::string token = text_setting(context, "token");
  WebCaller::Input input;
  input.url = text_setting(context, "url");
  input.headers = {{"Authorization", "Bearer " + token, true}};
  input.secrets = {token};
  TRY_ASSIGN(WebCaller web, WebCaller::open(context, std::move(input)));
  const std::string path = "/_matrix/client/v3/rooms/" +
                           url_component(text_setting(context, "room")) + "/send/m.room.message/";
  return std::make_unique<Matrix>(std::move(web), path);
}

}  // namespace

NotifierType matrix_type() { return {matrix_schema, open_matrix}; }

}  // namespace homeostat
