@_exported public import TestKit
