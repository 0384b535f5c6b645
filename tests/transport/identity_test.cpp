#include "transport/identity.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "transport/limits.h"

namespace prometheus_rsocket::transport {
namespace {

TEST(Identity, IsOneJsonObject) {
  const Identity identity{"billing", "host-1", "7f3a", {{"env", "prod"}, {"zone", "b"}}};
  EXPECT_EQ(to_json(identity), R"({"job":"billing","instance":"host-1","incarnation":"7f3a",)"
                               R"("labels":{"env":"prod","zone":"b"}})");
}

TEST(Identity, EscapesWhatJsonMustNotHoldPlain) {
  const Identity identity{"a\"b\\c\n", "\xC3\xA4", "", {}};
  EXPECT_EQ(to_json(identity),
            "{\"job\":\"a\\\"b\\\\c\\u000a\",\"instance\":\"\xC3\xA4\","
            "\"incarnation\":\"\",\"labels\":{}}");
}

TEST(Identity, TravelsInTheMetadataOfSetup) {
  const Identity identity{"billing", "host-1", "7f3a", {}};
  rsocket::SetupConfig setup;
  ASSERT_TRUE(introduce(setup, identity));
  EXPECT_EQ(setup.metadata_mime_type, "application/json");
  EXPECT_EQ(setup.data_mime_type, "application/binary");
  EXPECT_EQ(base::as_text(*setup.payload.metadata), to_json(identity));
}

TEST(Identity, ThatIsTooLongIsNotSent) {
  rsocket::SetupConfig setup;
  EXPECT_FALSE(introduce(setup, {std::string(kIdentityBytesMax, 'x'), "", "", {}}));
  EXPECT_FALSE(setup.payload.metadata);
}

TEST(Identity, IsReadAsItWasWritten) {
  const Identity identity{"a\"b\\c\n", "\xC3\xA4", "7f3a", {{"env", "prod"}, {"_z", ""}}};
  const Introduction read = read_introduction(to_json(identity));
  EXPECT_EQ(read.identity, identity);
  EXPECT_EQ(read.token, "");
}

TEST(Identity, IsReadWithoutLabelsAndWithWhatIsNotKnown) {
  const Introduction read =
      read_introduction(R"({"job":"a","instance":"b","incarnation":"c","since":[1]})");
  EXPECT_EQ(read.identity, (Identity{"a", "b", "c", {}}));
}

TEST(Identity, MayComeWithAToken) {
  const Introduction read =
      read_introduction(R"({"job":"a","instance":"b","incarnation":"c","token":"t0"})");
  EXPECT_EQ(read.identity, (Identity{"a", "b", "c", {}}));
  EXPECT_EQ(read.token, "t0");
}

TEST(Identity, ATokenAloneIsNoIdentityAndNoError) {
  const Introduction read = read_introduction(R"({"token":"t0"})");
  EXPECT_EQ(read.identity, std::nullopt);
  EXPECT_EQ(read.identity_error, "");
  EXPECT_EQ(read.token, "t0");
}

TEST(Identity, OfAStrangerIsRefusedWithWhatIsWrong) {
  const std::string names = R"("job":"a","instance":"b","incarnation":"c")";
  const std::string labels = "{" + names + R"(,"labels":)";
  for (const auto& [json, what] : std::vector<std::pair<std::string, std::string>>{
           {"", "it is no JSON: incomplete JSON"},
           {"{\"job\":\"\xFF\"}", "it is no JSON: syntax error"},
           {"[]", "it is no JSON object"},
           {R"({"instance":"b","incarnation":"c"})", "job is missing"},
           {R"({"job":"a","instance":1})", "instance is no string"},
           {R"({"job":"a","instance":"b","incarnation":""})", "incarnation is empty"},
           {R"({"job":")" + std::string(kIdentityTextBytesMax + 1, 'x') + "\"}", "job is too long"},
           {R"({"job":"a\u0000","instance":"b"})", "job has a NUL"},
           {labels + R"({"a":"\u0000"}})", "the label a has a NUL"},
           {labels + "[]}", "labels is no object"},
           {labels + R"({"__address__":"x"}})", "the label __address__ begins with __"},
           {labels + R"({"a.b":"x"}})", "the label a.b has no name that Prometheus takes"},
           {labels + R"({"":"x"}})", "the label  has no name that Prometheus takes"},
           {labels + R"({"a":1}})", "the label a is no string"},
           {R"({"token":1})", "token is no string"},
           {std::string(kIdentityBytesMax + 1, ' '), "it is too long"}}) {
    const Introduction read = read_introduction(json);
    EXPECT_FALSE(read.identity) << json;
    EXPECT_EQ(read.identity_error, what) << json;
  }
}

}  // namespace
}  // namespace prometheus_rsocket::transport
