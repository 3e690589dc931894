// Discord's webhooks: https://discord.com/developers/docs/resources/webhook#execute-webhook
#include <cmath>

#include "reconciler/notify/done_parts.hpp"
#include "reconciler/notify/text.hpp"
#include "reconciler/notify/types.hpp"
#include "reconciler/notify/web.hpp"

namespace homeostat {
namespace {

using nlohmann::json;

constexpr std::size_t longest_text = 2000;
constexpr std::size_t longest_title = 150;  // each of its characters may need a backslash
constexpr std::size_t most_parts = 3;
constexpr int no_embeds = 1 << 2;  // no previews of links

std::vector<std::string> contents_of(const Message& message) {
  const std::string title = split_text(message.title, longest_title, 1).front();
  const std::string last = plain_markdown(footer(message));
  constexpr std::size_t fences = 40;
  const std::size_t around = 2 * utf16_length(title) + utf16_length(last) + fences;
  std::vector<std::string> chunks = split_text(
      fence_proof(message.text), longest_text - std::min(around, longest_text / 2), most_parts);
  if (chunks.empty()) chunks.emplace_back();
  std::vector<std::string> contents;
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    std::string text = "**" + plain_markdown(numbered(title, i, chunks.size())) + "**\n";
    if (!chunks[i].empty()) text += "```\n" + chunks[i] + "\n```\n";
    contents.push_back(text + last);
  }
  return contents;
}

// {"message": "...", "retry_after": 0.35}
std::optional<std::chrono::seconds> wait_of(const HttpReply& reply) {
  const json body = json::parse(reply.body, nullptr, false);
  if (!body.is_object()) return std::nullopt;
  const auto found = body.find("retry_after");
  if (found == body.end() || !found->is_number()) return std::nullopt;
  const double seconds = std::ceil(found->get<double>());
  if (!(seconds >= 0 && seconds < 1e6)) return std::nullopt;
  return std::chrono::seconds(static_cast<std::int64_t>(seconds));
}

class Discord final : public Notifier {
 public:
  Discord(WebCaller web, std::string path) : web_(std::move(web)), path_(std::move(path)) {}

  [[nodiscard]] Delivery deliver(const Message& message, std::stop_token stop) override {
    const std::vector<std::string> contents = contents_of(message);
    Delivery result;
    for (std::size_t i = 0; i < contents.size(); ++i) {
      if (progress_.is_done(message.id, i)) continue;
      result = post(contents[i], stop);
      if (result.state == DeliveryState::later) return result;
      if (result.state == DeliveryState::refused) break;
      progress_.set_done(message.id, i);
    }
    progress_.forget(message.id);
    return result;
  }

 private:
  Delivery post(const std::string& content, const std::stop_token& stop) {
    HttpRequest request;
    request.method = "POST";
    request.path = path_;
    request.body = dump({{"content", content},
                         {"allowed_mentions", {{"parse", json::array()}}},
                         {"flags", no_embeds}});
    const Result<HttpReply> reply = web_.send(std::move(request), stop);
    if (!reply) return WebCaller::unanswered(reply.error());
    if (reply->status >= 300) return web_.judge(*reply, {.wait = wait_of(*reply)});
    const Result<json> answer = json_of(*reply);
    if (!answer) return WebCaller::unanswered(answer.error());
    if (answer->is_object() && answer->contains("id")) return {};
    return WebCaller::unanswered(
        fail(ErrorKind::internal, reply->origin + ": the answer is not Discord's").value());
  }

  const WebCaller web_;
  const std::string path_;
  DoneParts progress_;
};

NotifierSchema discord_schema() {
  NotifierSchema schema;
  schema.type = "discord";
  schema.doc = "A channel of Discord, by a webhook of it.";
  schema.settings = web_fields("", "The webhook's url, as the channel's settings show it.");
  schema.settings.front().secret = true;
  schema.settings.front().example = "\"${secret.discord}\"";
  return schema;
}

Result<std::unique_ptr<Notifier>> open_discord(const NotifierContext& context) {
  SplitUrl url = split_url_of_hook(text_setting(context, "url"));
  WebCaller::Input input;
  input.url = url.origin;
  input.secrets = secrets_of_path(url.path);
  // Only so does it say whether the message was kept.
  url.path += (url.path.find('?') == std::string::npos ? "?" : "&") + std::string("wait=true");
  TRY_ASSIGN(WebCaller web, WebCaller::open(context, std::move(input)));
  return std::make_unique<Discord>(std::move(web), url.path);
}

}  // namespace

NotifierType discord_type() { return {discord_schema, open_discord}; }

}  // namespace homeostat
