import Testing
import WireValues

@Suite struct PercentEncodingTests {
    @Test func `a text is one step of a path, whatever it holds`() {
        #expect("a/b?c ä".percentEncoded == "a%2Fb%3Fc%20%C3%A4")
        #expect("AZaz09-._~".percentEncoded == "AZaz09-._~")
        #expect("+%&=".percentEncoded == "%2B%25%26%3D")
        #expect("".percentEncoded == "")
    }
}
