// A POST of the message as JSON, with a signature over its bytes.
#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

#include "reconciler/notify/types.hpp"
#include "reconciler/notify/web.hpp"

namespace homeostat {
namespace {

std::string signature(const std::string& key, const std::string& body) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest = {};
  unsigned int length = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(body.data()), body.size(), digest.data(), &length);
  std::string text = "sha256=";
  for (unsigned int i = 0; i < length; ++i) text += fmt::format("{:02x}", digest.at(i));
  return text;
}

class Webhook final : public Notifier {
 public:
  Webhook(WebCaller web, std::string path, std::string key)
      : web_(std::move(web)), path_(std::move(path)), key_(std::move(key)) {}

  [[nodiscard]] Delivery deliver(const Message& message, std::stop_token stop) override {
    HttpRequest request;
    request.method = "POST";
    request.path = path_;
    request.body = dump(to_json(message));
    request.headers = {{"X-Homeostat-Event", url_component(message.id)}};
    if (!key_.empty()) {
      request.headers.push_back({"X-Homeostat-Signature", signature(key_, request.body)});
    }
    const Result<HttpReply> reply = web_.send(std::move(request), stop);
    if (!reply) return WebCaller::unanswered(reply.error());
    if (reply->status < 300) return {};
    return web_.judge(*reply, {.speaks_json = false});
  }

 private:
  const WebCaller web_;
  const std::string path_;
  const std::string key_;
};

NotifierSchema webhook_schema() {
  NotifierSchema schema;
  schema.type = "webhook";
  schema.doc =
      "A POST of the message as JSON. Any 2xx means that it was taken; 408, 425, 429 and 5xx that "
      "it "
      "is to be sent again; everything else that it is refused.";
  schema.settings = web_fields("", "Where it goes.");
  schema.settings.front().example = "https://hooks.example.org/homeostat";
  FieldSchema secret{.name = "secret",
                     .doc =
                         "The key of `X-Homeostat-Signature: sha256=...`, an HMAC-SHA256 over the "
                         "body's bytes, in hex.",
                     .secret = true,
                     .example = "\"${secret.hook}\""};
  FieldSchema header{.name = "headers", .secret = true};
  FieldSchema headers{.name = "headers",
                      .type = Type::map,
                      .doc = "Further headers of each request.",
                      .fields = {std::move(header)},
                      .example = "{ Authorization: \"Bearer ${secret.n8n}\" }"};
  schema.settings.push_back(std::move(secret));
  schema.settings.push_back(std::move(headers));
  return schema;
}

Result<std::unique_ptr<Notifier>> open_webhook(const NotifierContext& context) {
  const SplitUrl url = split_url_of_hook(text_setting(context, "url"));
  const std::string key = text_setting(context, "secret");
  WebCaller::Input input;
  input.url = url.origin;
  input.secrets = secrets_of_path(url.path);
  if (!key.empty()) input.secrets.push_back(key);
  if (const auto headers = context.settings.find("headers"); headers != context.settings.end()) {
    for (const auto& [name, value] : headers->items()) {
      input.headers.push_back({name, value.get<std::string>(), true});
    }
  }
  TRY_ASSIGN(WebCaller web, WebCaller::open(context, std::move(input)));
  return std::make_unique<Webhook>(std::move(web), url.path, key);
}

}  // namespace

NotifierType webhook_type() { return {webhook_schema, open_webhook}; }

}  // namespace homeostat
