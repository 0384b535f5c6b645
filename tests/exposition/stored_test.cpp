// An exposition that outlives the process is the same again.
#include "exposition/stored.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "exposition/read.h"
#include "generators.h"
#include "messages.h"
#include "pages.h"

namespace prometheus_rsocket::exposition {
namespace {

Exposition as_read(const std::string& payload) {
  auto exposition = read(payload, nullptr, {.text_bytes_max = 1 << 20, .key = kKey});
  EXPECT_TRUE(exposition) << payload;
  return exposition ? std::move(*exposition) : Exposition{};
}

void expect_same_again(const Exposition& exposition) {
  const auto restored = restore(exposition.text, stored_form(exposition), kKey);
  ASSERT_TRUE(restored);
  EXPECT_EQ(restored->text, exposition.text);
  EXPECT_EQ(restored->index, exposition.index);
}

RC_GTEST_PROP(Stored, AnyTextIsTheSameAgain, ()) {
  const Exposition exposition = as_read(model_text(*any_source()));
  const auto restored = restore(exposition.text, stored_form(exposition), kKey);
  RC_ASSERT(restored.has_value());
  RC_ASSERT(restored->index == exposition.index);
}

TEST(Stored, OpenMetricsStaysOpenMetrics) {
  expect_same_again(as_read("# TYPE a counter\na_total 1 # {t=\"1\"} 2\n# EOF\n"));
}

TEST(Stored, ProtobufKeepsWhatNoTextHasWordsFor) {
  const Exposition exposition = as_read(gauge("a", 1) + native_family({}));
  ASSERT_GT(exposition.index.protobuf_fields.bytes(), 0U);
  expect_same_again(exposition);
}

TEST(Stored, BytesThatAreNobodysFormAreRefused) {
  const Exposition exposition = as_read(gauge("a", 1) + native_family({}));
  const std::string form = stored_form(exposition);
  for (std::size_t size = 0; size < form.size(); ++size) {
    // The dialect alone is a form: of protobuf without more.
    if (size == 2) continue;
    EXPECT_FALSE(restore(exposition.text, form.substr(0, size), kKey)) << size;
  }
  EXPECT_FALSE(restore("", form, kKey)) << "it names a line that is not there";
  EXPECT_FALSE(restore(exposition.text, "\x08\x07", kKey)) << "no dialect has that number";
}

TEST(Stored, ATextThatCannotBeReadIsAnError) {
  EXPECT_FALSE(restore("{{{", stored_form({}), kKey));
}

}  // namespace
}  // namespace prometheus_rsocket::exposition
