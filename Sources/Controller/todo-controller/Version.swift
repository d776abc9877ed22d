/// The version of this operator.
let operatorVersion = "0.1.0"
