// Generated from docs/openapi by `make client`. Do not edit.

export interface paths {
    "/v1/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Follow Events
         * @description Everything that happens to the account, as Server-Sent Events.
         *
         *     Without a resume point the stream begins with what is new. It ends by itself now and then; reconnect
         *     with `Last-Event-ID` and nothing is lost.
         */
        get: operations["followEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/{job_id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Follow Job
         * @description What happens to one job, as Server-Sent Events, from its beginning or after a resume point.
         *
         *     The stream ends after the event marked `final`: the outcome and what it cost have been told.
         */
        get: operations["followJob"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/events/log": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Events
         * @description The same events as a page, for clients that cannot hold a stream open.
         */
        get: operations["listEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * BalanceChangedEvent
         * @description What the account has now.
         */
        BalanceChangedEvent: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "balance.changed";
            /** Id */
            id: string;
            /** Sequence */
            sequence: number;
            /**
             * Occurred At
             * Format: date-time
             */
            occurred_at: string;
            /** Available Credits */
            available_credits: number;
            /** Held Credits */
            held_credits: number;
            /** Debt Credits */
            debt_credits: number;
        };
        /**
         * DeliveredPart
         * @description A part of the work, what it cost by itself, and what it is.
         */
        DeliveredPart: {
            /** Name */
            name: string;
            /** Credits */
            credits: number;
            /** Result */
            result: {
                [key: string]: unknown;
            };
        };
        /**
         * EventPage
         * @description A page of the log, oldest first.
         *
         *     Ask again with `after=next_after`. `reset` says that events between `after` and the first one here are no
         *     longer kept: read the current state again.
         */
        EventPage: {
            /** Items */
            items: components["schemas"]["ServerEvent"][];
            /** Next After */
            next_after: number;
            /** Has More */
            has_more: boolean;
            /** Reset */
            reset: boolean;
        };
        /**
         * InvoicePaidEvent
         * @description The client has paid an invoice of the account's. `amount_minor` is in the currency's smallest unit.
         */
        InvoicePaidEvent: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "invoice.paid";
            /** Id */
            id: string;
            /** Sequence */
            sequence: number;
            /**
             * Occurred At
             * Format: date-time
             */
            occurred_at: string;
            /** Invoice Id */
            invoice_id: string;
            /** Number */
            number: string;
            /** Amount Minor */
            amount_minor: number;
            /** Currency */
            currency: string;
            /**
             * Paid At
             * Format: date-time
             */
            paid_at: string;
        };
        /**
         * JobCancelledEvent
         * @description The owner stopped the job; `charge_credits` pays for `parts`, which were delivered before and are kept.
         */
        JobCancelledEvent: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "job.cancelled";
            /** Id */
            id: string;
            /** Sequence */
            sequence: number;
            /**
             * Occurred At
             * Format: date-time
             */
            occurred_at: string;
            /** Job Id */
            job_id: string;
            /**
             * Final
             * @default false
             */
            final?: boolean;
            /** Kind */
            kind: string;
            /** Charge Credits */
            charge_credits: number;
            /**
             * Parts
             * @default []
             */
            parts?: components["schemas"]["DeliveredPart"][];
            /**
             * Finished At
             * Format: date-time
             */
            finished_at: string;
        };
        /**
         * JobChargedEvent
         * @description The job was settled: this much was charged, the rest went back.
         */
        JobChargedEvent: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "job.charged";
            /** Id */
            id: string;
            /** Sequence */
            sequence: number;
            /**
             * Occurred At
             * Format: date-time
             */
            occurred_at: string;
            /** Job Id */
            job_id: string;
            /**
             * Final
             * @default false
             */
            final?: boolean;
            /** Captured Credits */
            captured_credits: number;
            /** Released Credits */
            released_credits: number;
            /** Available Credits */
            available_credits: number;
        };
        /**
         * JobFailedEvent
         * @description The work cannot be done; `credits_returned` go back (null while the amount is not known).
         */
        JobFailedEvent: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "job.failed";
            /** Id */
            id: string;
            /** Sequence */
            sequence: number;
            /**
             * Occurred At
             * Format: date-time
             */
            occurred_at: string;
            /** Job Id */
            job_id: string;
            /**
             * Final
             * @default false
             */
            final?: boolean;
            /** Kind */
            kind: string;
            /** Code */
            code: string;
            /** Detail */
            detail: string;
            /** Credits Returned */
            credits_returned: number | null;
            /**
             * Finished At
             * Format: date-time
             */
            finished_at: string;
        };
        /**
         * JobProgressEvent
         * @description How far the job is: `progress` from 0 to 1, the step's name, a sentence, sometimes a picture so far.
         */
        JobProgressEvent: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "job.progress";
            /** Id */
            id: string;
            /** Sequence */
            sequence: number;
            /**
             * Occurred At
             * Format: date-time
             */
            occurred_at: string;
            /** Job Id */
            job_id: string;
            /**
             * Final
             * @default false
             */
            final?: boolean;
            /** Attempt */
            attempt: number;
            /** Progress */
            progress: number;
            /** Step */
            step: string;
            /** Message */
            message: string;
            /** Preview Url */
            preview_url: string | null;
        };
        /**
         * JobQueuedEvent
         * @description The job is paid for and waits for a worker; `position` jobs go before it.
         */
        JobQueuedEvent: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "job.queued";
            /** Id */
            id: string;
            /** Sequence */
            sequence: number;
            /**
             * Occurred At
             * Format: date-time
             */
            occurred_at: string;
            /** Job Id */
            job_id: string;
            /**
             * Final
             * @default false
             */
            final?: boolean;
            /** Kind */
            kind: string;
            /** Position */
            position: number;
            wait: components["schemas"]["WaitEstimate"];
        };
        /**
         * JobRejectedEvent
         * @description The account could not pay for the job; nothing was charged.
         */
        JobRejectedEvent: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "job.rejected";
            /** Id */
            id: string;
            /** Sequence */
            sequence: number;
            /**
             * Occurred At
             * Format: date-time
             */
            occurred_at: string;
            /** Job Id */
            job_id: string;
            /**
             * Final
             * @default false
             */
            final?: boolean;
            /** Required Credits */
            required_credits: number;
            /** Available Credits */
            available_credits: number;
            /** Reason */
            reason: string;
        };
        /**
         * JobReleasedEvent
         * @description The job cost nothing: all that was held for it went back.
         */
        JobReleasedEvent: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "job.released";
            /** Id */
            id: string;
            /** Sequence */
            sequence: number;
            /**
             * Occurred At
             * Format: date-time
             */
            occurred_at: string;
            /** Job Id */
            job_id: string;
            /**
             * Final
             * @default false
             */
            final?: boolean;
            /** Released Credits */
            released_credits: number;
            /** Available Credits */
            available_credits: number;
            /** Reason */
            reason: string;
        };
        /**
         * JobStartedEvent
         * @description A worker works on the job; `attempt` 2 and more means that it goes on where a lost worker stopped.
         */
        JobStartedEvent: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "job.started";
            /** Id */
            id: string;
            /** Sequence */
            sequence: number;
            /**
             * Occurred At
             * Format: date-time
             */
            occurred_at: string;
            /** Job Id */
            job_id: string;
            /**
             * Final
             * @default false
             */
            final?: boolean;
            /** Kind */
            kind: string;
            /** Attempt */
            attempt: number;
        };
        /**
         * JobSubmittedEvent
         * @description The job was accepted; credits are being held for it.
         */
        JobSubmittedEvent: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "job.submitted";
            /** Id */
            id: string;
            /** Sequence */
            sequence: number;
            /**
             * Occurred At
             * Format: date-time
             */
            occurred_at: string;
            /** Job Id */
            job_id: string;
            /**
             * Final
             * @default false
             */
            final?: boolean;
            /** Kind */
            kind: string;
            /** Price Credits */
            price_credits: number;
        };
        /**
         * JobSucceededEvent
         * @description The work is done; `result` has the shape that the job's kind declares.
         */
        JobSucceededEvent: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "job.succeeded";
            /** Id */
            id: string;
            /** Sequence */
            sequence: number;
            /**
             * Occurred At
             * Format: date-time
             */
            occurred_at: string;
            /** Job Id */
            job_id: string;
            /**
             * Final
             * @default false
             */
            final?: boolean;
            /** Kind */
            kind: string;
            /** Result */
            result: {
                [key: string]: unknown;
            };
            /**
             * Started At
             * Format: date-time
             */
            started_at: string;
            /**
             * Finished At
             * Format: date-time
             */
            finished_at: string;
        };
        /**
         * PurchaseCompletedEvent
         * @description A payment arrived and its credits were granted. `amount_minor` is in the currency's smallest unit.
         */
        PurchaseCompletedEvent: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "purchase.completed";
            /** Id */
            id: string;
            /** Sequence */
            sequence: number;
            /**
             * Occurred At
             * Format: date-time
             */
            occurred_at: string;
            /** Purchase Id */
            purchase_id: string;
            /** Product */
            product: string;
            /** Credits */
            credits: number;
            /** Amount Minor */
            amount_minor: number;
            /** Currency */
            currency: string;
            /** Available Credits */
            available_credits: number;
        };
        ServerEvent: components["schemas"]["JobSubmittedEvent"] | components["schemas"]["JobQueuedEvent"] | components["schemas"]["JobStartedEvent"] | components["schemas"]["JobProgressEvent"] | components["schemas"]["JobSucceededEvent"] | components["schemas"]["JobFailedEvent"] | components["schemas"]["JobCancelledEvent"] | components["schemas"]["JobRejectedEvent"] | components["schemas"]["JobChargedEvent"] | components["schemas"]["JobReleasedEvent"] | components["schemas"]["BalanceChangedEvent"] | components["schemas"]["PurchaseCompletedEvent"] | components["schemas"]["SubscriptionChangedEvent"] | components["schemas"]["InvoicePaidEvent"];
        /**
         * SubscriptionChangedEvent
         * @description What the subscription is now. Of two such events the one with the higher `version` is the later news.
         */
        SubscriptionChangedEvent: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "subscription.changed";
            /** Id */
            id: string;
            /** Sequence */
            sequence: number;
            /**
             * Occurred At
             * Format: date-time
             */
            occurred_at: string;
            /** Plan */
            plan: string;
            /** Status */
            status: string;
            /**
             * Interval
             * @enum {string}
             */
            interval: "month" | "year";
            /**
             * Period End
             * Format: date-time
             */
            period_end: string;
            /** Next Plan */
            next_plan: string;
            /** Grace Until */
            grace_until: string | null;
            /** Version */
            version: number;
        };
        /**
         * WaitEstimate
         * @description Seconds: half of such jobs take at most the first figure, nine in ten at most the second.
         */
        WaitEstimate: {
            /** Start Seconds P50 */
            start_seconds_p50: number;
            /** Start Seconds P90 */
            start_seconds_p90: number;
            /** Duration Seconds P50 */
            duration_seconds_p50: number;
            /** Duration Seconds P90 */
            duration_seconds_p90: number;
        };
        /**
         * Problem
         * @description An RFC 9457 problem document; `code` is stable, `detail` is for people. Some codes add members.
         */
        Problem: {
            /** Type */
            type: string;
            /** Title */
            title: string;
            /** Status */
            status: number;
            /** Code */
            code: string;
            /** Detail */
            detail: string;
            /**
             * Instance
             * @default null
             */
            instance?: string | null;
            /**
             * Trace Id
             * @default null
             */
            trace_id?: string | null;
            /**
             * Request Id
             * @default null
             */
            request_id?: string | null;
            /**
             * Errors
             * @default null
             */
            errors?: components["schemas"]["FieldProblem"][] | null;
        } & {
            [key: string]: unknown;
        };
        /**
         * FieldProblem
         * @description One field that was refused.
         */
        FieldProblem: {
            /** Pointer */
            pointer: string;
            /** Detail */
            detail: string;
            /**
             * Code
             * @default null
             */
            code?: string | null;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: {
        /** @description Seconds until trying again can make sense. */
        "Retry-After": number;
        /** @description What is left of the nearest limit: `"dashboards";r=29;t=2` (IETF draft ratelimit-headers). */
        RateLimit: string;
        /** @description That limit: `"dashboards";q=30;w=60` is 30 in 60 seconds. */
        "RateLimit-Policy": string;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    followEvents: {
        parameters: {
            query?: {
                /** @description Go on after this event. */
                after?: number | null;
            };
            header?: {
                /** @description Sent by browsers on reconnection; wins over `after`. */
                "Last-Event-ID"?: number | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Server-Sent Events, and comments as heartbeats. */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": {
                        /** @description The `sequence`; what is no event has none. */
                        id?: string;
                        /** @description The `type`, or `job.position`, `reset`, `server-draining`. */
                        event: string;
                        data: string;
                    };
                };
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `FORBIDDEN` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `VALIDATION_FAILED` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `DEPENDENCY_UNAVAILABLE` */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    followJob: {
        parameters: {
            query?: {
                /** @description Go on after this event. */
                after?: number | null;
            };
            header?: {
                /** @description Sent by browsers on reconnection; wins over `after`. */
                "Last-Event-ID"?: number | null;
            };
            path: {
                job_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Server-Sent Events, and comments as heartbeats. */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": {
                        /** @description The `sequence`; what is no event has none. */
                        id?: string;
                        /** @description The `type`, or `job.position`, `reset`, `server-draining`. */
                        event: string;
                        data: string;
                    };
                };
            };
            /** @description Everything about the job was told before the resume point; do not reconnect. */
            204: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `FORBIDDEN` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `VALIDATION_FAILED` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `DEPENDENCY_UNAVAILABLE` */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listEvents: {
        parameters: {
            query?: {
                /** @description Events after this one. */
                after?: number;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventPage"];
                };
            };
            /** @description `UNAUTHORIZED` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `FORBIDDEN` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `VALIDATION_FAILED` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `RATE_LIMITED` */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `DEPENDENCY_UNAVAILABLE` */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
