// Mail over SMTP. Each recipient is a mail of its own, so that one who is refused, or asked to wait
// for, keeps it from nobody else.
#include "providers/core/http_tls.hpp"
#include "reconciler/notify/done_parts.hpp"
#include "reconciler/notify/mail.hpp"
#include "reconciler/notify/smtp.hpp"
#include "reconciler/notify/types.hpp"
#include "reconciler/notify/web.hpp"

namespace homeostat {
namespace {

class Email final : public Notifier {
 public:
  Email(SmtpSettings settings, MailHead head)
      : settings_(std::move(settings)), head_(std::move(head)) {}

  [[nodiscard]] Delivery deliver(const Message& message, std::stop_token stop) override {
    const std::string mail = mail_of(message, head_);
    Delivery worst;
    for (std::size_t i = 0; i < head_.to.size(); ++i) {
      if (progress_.is_done(message.id, i)) continue;
      Delivery sent = send_mail(settings_, head_.from, head_.to[i], mail, stop);
      if (sent.state == DeliveryState::accepted) {
        progress_.set_done(message.id, i);
        continue;
      }
      sent.error.message += " (for " + head_.to[i] + ")";
      // What may pass has the last word: whoever is refused now is refused then too.
      if (worst.state != DeliveryState::later) worst = std::move(sent);
    }
    if (worst.state != DeliveryState::later) progress_.forget(message.id);
    return worst;
  }

 private:
  const SmtpSettings settings_;
  const MailHead head_;
  DoneParts progress_;
};

NotifierSchema email_schema() {
  NotifierSchema schema;
  schema.type = "email";
  schema.doc = "Mail over SMTP.";
  FieldSchema to{.name = "to",
                 .type = Type::list,
                 .doc = "Who gets it.",
                 .required = true,
                 .set = true,
                 .fields = {{.name = "to", .check = checked_mail_address}},
                 .example = "[ana@example.org]"};
  FieldSchema from{.name = "from",
                   .doc = "Whom it comes from.",
                   .required = true,
                   .check = checked_mail_address,
                   .example = "homeostat@example.org"};
  FieldSchema starttls{.name = "starttls",
                       .type = Type::boolean,
                       .doc =
                           "For smtp://: whether nothing is sent without TLS. By default so, but "
                           "for a server on this machine.",
                       .example = "true"};
  FieldSchema user{
      .name = "user", .doc = "Who logs in, where that is asked for.", .example = "ops"};
  FieldSchema password{.name = "password",
                       .doc = "Goes over TLS only, or to this machine.",
                       .secret = true,
                       .example = "\"${secret.mail}\""};
  schema.settings = web_fields("", "The mail server: smtp://, mostly with port 587, or smtps://.");
  schema.settings.front().example = "smtp://mail.example.org:587";
  for (FieldSchema* field : {&from, &to, &user, &password, &starttls}) {
    schema.settings.push_back(std::move(*field));
  }
  return schema;
}

Result<std::unique_ptr<Notifier>> open_email(const NotifierContext& context) {
  SmtpSettings settings;
  settings.url = text_setting(context, "url");
  settings.user = text_setting(context, "user");
  settings.password = text_setting(context, "password");
  settings.ca_file = text_setting(context, "ca_file");
  settings.time_limit = time_limit(context);
  if (const std::string pin = text_setting(context, "fingerprint"); !pin.empty()) {
    TRY_ASSIGN(settings.fingerprint, canonical_fingerprint(pin));
  }
  const auto starttls = context.settings.find("starttls");
  settings.starttls = starttls != context.settings.end() && starttls->is_boolean()
                          ? starttls->get<bool>()
                          : !is_loopback(settings.url);
  TRY(check_smtp(settings));
  MailHead head;
  head.from = text_setting(context, "from");
  for (const nlohmann::json& address : context.settings.at("to")) {
    head.to.push_back(address.get<std::string>());
  }
  if (head.to.empty()) return fail(ErrorKind::invalid_spec, "`to` names nobody");
  return std::make_unique<Email>(std::move(settings), std::move(head));
}

}  // namespace

NotifierType email_type() { return {email_schema, open_email}; }

}  // namespace homeostat
