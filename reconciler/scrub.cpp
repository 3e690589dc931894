#include "reconciler/scrub.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <set>

#include "reconciler/redact.hpp"

namespace homeostat {
namespace {

constexpr std::size_t shortest = 4;

std::string base64(const std::string& text) {
  std::string out(4 * ((text.size() + 2) / 3) + 1, '\0');
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                     reinterpret_cast<const unsigned char*>(text.data()),
                                     static_cast<int>(text.size()));
  out.resize(static_cast<std::size_t>(length));
  return out;
}

std::string url_safe(std::string text) {
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

// RFC 3986: all but the unreserved characters.
std::string percent_encoded(const std::string& text, bool upper) {
  static constexpr std::string_view marks = "-._~";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       marks.find(c) != std::string_view::npos;
    const auto byte = static_cast<unsigned char>(c);
    if (plain) {
      out += c;
    } else {
      out += upper ? fmt::format("%{:02X}", byte) : fmt::format("%{:02x}", byte);
    }
  }
  return out;
}

std::string without_padding(std::string text) {
  while (text.ends_with('=')) text.pop_back();
  return text;
}

class ScrubbedProvider final : public Provider {
 public:
  ScrubbedProvider(std::unique_ptr<Provider> inner, std::shared_ptr<const Scrubber> scrubber)
      : inner_(std::move(inner)), scrubber_(std::move(scrubber)) {}

  [[nodiscard]] const ProviderInfo& info() const override { return inner_->info(); }
  [[nodiscard]] Attributes canonical(const Address& address, Attributes wanted) const override {
    return inner_->canonical(address, std::move(wanted));
  }

  [[nodiscard]] Result<Observation> observe(const Scope& scope, std::stop_token stop) override {
    try {
      Result<Observation> answer = inner_->observe(scope, std::move(stop));
      if (!answer) answer.error() = scrubber_->clean(answer.error());
      if (answer && answer->incomplete) {
        answer->incomplete = scrubber_->clean(std::move(*answer->incomplete));
      }
      if (answer) {
        for (Error& warning : answer->warnings) warning = scrubber_->clean(std::move(warning));
      }
      return answer;
    } catch (const std::exception& thrown) {
      return broke(thrown);
    }
  }

  [[nodiscard]] std::vector<Result<StepResult>> apply(std::span<const Step> steps,
                                                      std::stop_token stop) override {
    try {
      std::vector<Result<StepResult>> results = inner_->apply(steps, std::move(stop));
      for (Result<StepResult>& result : results) {
        if (!result) result.error() = scrubber_->clean(result.error());
      }
      return results;
    } catch (const std::exception& thrown) {
      return std::vector<Result<StepResult>>(steps.size(), broke(thrown));
    }
  }

  [[nodiscard]] std::string traffic() const override { return scrubber_->clean(inner_->traffic()); }

 private:
  [[nodiscard]] tl::unexpected<Error> broke(const std::exception& thrown) const {
    return fail(ErrorKind::internal,
                scrubber_->clean(fmt::format("the provider broke: {}", thrown.what())));
  }

  std::unique_ptr<Provider> inner_;
  std::shared_ptr<const Scrubber> scrubber_;
};

}  // namespace

Scrubber::Scrubber(const SecretValues& secrets) {
  std::set<std::string> forms;
  for (const auto& [name, value] : secrets) {
    if (!value || value->size() < shortest) continue;
    const std::string quoted =
        nlohmann::json(*value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    const std::string encoded = without_padding(base64(*value));
    forms.insert({*value, quoted.substr(1, quoted.size() - 2), percent_encoded(*value, true),
                  percent_encoded(*value, false), encoded, url_safe(encoded)});
  }
  forms_.assign(forms.begin(), forms.end());
  std::ranges::stable_sort(forms_, std::ranges::greater(), &std::string::size);
}

std::string Scrubber::clean(std::string text) const {
  for (const std::string& form : forms_) {
    for (auto at = text.find(form); at != std::string::npos;
         at = text.find(form, at + redacted.size())) {
      text.replace(at, form.size(), redacted);
    }
  }
  return text;
}

bool Scrubber::finds(std::string_view text) const {
  return std::ranges::any_of(
      forms_, [text](const std::string& form) { return text.find(form) != text.npos; });
}

Error Scrubber::clean(Error error) const {
  error.message = clean(std::move(error.message));
  error.hint = clean(std::move(error.hint));
  error.excerpt = clean(std::move(error.excerpt));
  return error;
}

std::unique_ptr<Provider> scrubbed(std::unique_ptr<Provider> provider,
                                   std::shared_ptr<const Scrubber> scrubber) {
  return std::make_unique<ScrubbedProvider>(std::move(provider), std::move(scrubber));
}

}  // namespace homeostat
