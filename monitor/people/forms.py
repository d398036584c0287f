"""The forms of django-allauth with our labels, and without placeholders, which vanish while one types."""

from typing import Any, Final

from allauth.account.forms import (
    LoginForm,
    ReauthenticateForm,
    ResetPasswordForm,
    ResetPasswordKeyForm,
)
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as ReauthenticateByCodeForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm, EditWebAuthnForm, LoginWebAuthnForm
from django import forms
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext_lazy as _

from monitor.models import User
from monitor.people.local import comes_by_provider

_LONGEST_NAME: Final = 254
LABELS: Final = {
    "login": _("Name or e-mail address"),
    "password": _("Password"),
    "password1": _("New password"),
    "password2": _("New password once more"),
    "email": _("E-mail address"),
    "code": _("Code"),
    "name": _("What you call it"),
    "passwordless": _("Sign in with it alone, without the password"),
}


class Plain:
    """Labels that stay while one types."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, forms.Field] = self.fields  # type: ignore[attr-defined]  # a form's
        for name, field in fields.items():
            field.widget.attrs.pop("placeholder", None)
            field.label = LABELS.get(name, field.label)
            if name == "code":
                field.widget.attrs |= {"inputmode": "numeric", "autofocus": True}
        if "password" in fields:
            fields["password"].help_text = ""


class SignInForm(Plain, LoginForm):  # type: ignore[misc]  # allauth has no types
    """A name of any length would reach the database otherwise."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].validators.append(MaxLengthValidator(_LONGEST_NAME))
        self.fields["login"].widget.attrs["autocomplete"] = "username"


class ForgottenForm(Plain, ResetPasswordForm):  # type: ignore[misc]  # allauth has no types
    """Where to send the link. Who signs in by the provider only has no password to forget."""

    def clean_email(self) -> str:
        email = str(super().clean_email())
        found: list[User] = vars(self)["users"]
        self.users = [user for user in found if not comes_by_provider(user)]
        return email


class NewPasswordForm(Plain, ResetPasswordKeyForm):  # type: ignore[misc]  # allauth has no types
    """A new password after it was forgotten."""


class AgainForm(Plain, ReauthenticateForm):  # type: ignore[misc]  # allauth has no types
    """The password once more, before something sensitive."""


class CodeForm(Plain, AuthenticateForm):  # type: ignore[misc]  # allauth has no types
    """The code of the second factor."""


class CodeAgainForm(Plain, ReauthenticateByCodeForm):  # type: ignore[misc]  # allauth has no types
    """The code once more, before something sensitive."""


class AppForm(Plain, ActivateTOTPForm):  # type: ignore[misc]  # allauth has no types
    """The first code of a new authenticator app, for which the picture above is scanned first."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["code"].widget.attrs["autofocus"]


class KeyForm(Plain, AddWebAuthnForm):  # type: ignore[misc]  # allauth has no types
    """A new passkey."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["passwordless"].initial = True
        self.fields["passwordless"].help_text = _(
            "Your device then asks for your finger, your face or its PIN instead."
        )
        if comes_by_provider(self.user):
            del self.fields["passwordless"]


class KeyNameForm(Plain, EditWebAuthnForm):  # type: ignore[misc]  # allauth has no types
    """What a passkey is called."""


class KeyAloneForm(LoginWebAuthnForm):  # type: ignore[misc]  # allauth has no types
    """Signing in by a passkey alone."""

    def clean_credential(self) -> Authenticator:
        try:
            return super().clean_credential()
        except forms.ValidationError as error:
            if error.code != "incorrect_code":
                raise
            # A device keeps what was removed here, and goes on offering it.
            text = _("This passkey is not known here, or no longer. Sign in with your password.")
            raise forms.ValidationError(text) from error
