"""What the service answers instead of a result."""


class Refused(Exception):
    """A status with the service's reason and words."""

    def __init__(self, status: int, reason: str, message: str, location: str = ""):
        super().__init__(message)
        self.status, self.reason, self.message, self.location = status, reason, message, location

    @property
    def document(self) -> dict:
        detail = {"message": self.message, "domain": "global", "reason": self.reason}
        if self.status == 429:
            detail["domain"] = "usageLimits"
        if self.location:
            detail |= {"locationType": "header" if self.location[0].isupper() else "parameter",
                       "location": self.location}
        return {"error": {"code": self.status, "message": self.message, "errors": [detail]}}


def no_bucket() -> Refused:
    return Refused(404, "notFound", "The specified bucket does not exist.")


def no_object(bucket: str, name: str) -> Refused:
    return Refused(404, "notFound", f"No such object: {bucket}/{name}")


def not_met() -> Refused:
    return Refused(412, "conditionNotMet",
                   "At least one of the pre-conditions you specified did not hold.", "If-Match")


def invalid(message: str, location: str = "") -> Refused:
    return Refused(400, "invalid", message, location)
