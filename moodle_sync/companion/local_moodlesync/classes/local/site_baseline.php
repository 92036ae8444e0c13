<?php
// This file is part of Moodle - https://moodle.org/
//
// Moodle is free software: you can redistribute it and/or modify
// it under the terms of the GNU General Public License as published by
// the Free Software Foundation, either version 3 of the License, or
// (at your option) any later version.
//
// Moodle is distributed in the hope that it will be useful,
// but WITHOUT ANY WARRANTY; without even the implied warranty of
// MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the
// GNU General Public License for more details.
//
// You should have received a copy of the GNU General Public License
// along with Moodle.  If not, see <https://www.gnu.org/licenses/>.

/**
 * Baselines of what belongs to no course.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync\local;

/**
 * What the client writes through Moodle's own web services, and remembers here.
 */
final class site_baseline implements kind {
    /** @var string[] kinds of objects. */
    public const KINDS = ['category', 'course', 'framework', 'competency', 'course_competency'];

    /**
     * Constructor.
     *
     * @param baseline $baseline of the site
     */
    public function __construct(
        /** @var baseline of the site. */
        private readonly baseline $baseline,
    ) {
    }

    #[\Override]
    public function name(): string {
        return 'site';
    }

    /**
     * Refuses what is no key of a row here.
     *
     * @param string $key a key: any text, idnumbers of others included
     * @param string $path of the key in the request
     * @return string
     */
    public static function check_key(string $key, string $path): string {
        if ($key === '' || \core_text::strlen($key) > 255 || preg_match('~[\x00-\x1f]~', $key)) {
            throw failure::payload($path, 'must be 1 to 255 characters');
        }
        return $key;
    }

    #[\Override]
    public function parse(payload $payload): item {
        $payload->only('kind', 'key', 'fields');
        $kind = $payload->choice('kind', self::KINDS);
        $key = self::check_key($payload->html('key'), $payload->at('key'));
        $fields = null;
        if ($payload->raw('fields') !== null) {
            $fields = [];
            foreach ($payload->object('fields')->names() as $name) {
                $entry = $payload->object('fields')->object($name)->only('desired', 'observed');
                $desired = $entry->html('desired');
                if (!preg_match('~^[0-9a-f]{64}\z~', $desired)) {
                    throw failure::payload($entry->at('desired'), 'must be a sha256 digest in lower case hex');
                }
                $fields[$name] = ['desired' => $desired, 'observed' => $entry->raw('observed')];
            }
        }
        return new item($key, $fields ?? [], [], $payload->path, ['kind' => $kind, 'drop' => $fields === null]);
    }

    #[\Override]
    public function apply(item $item): outcome {
        $kind = $item->more['kind'];
        $key = $item->key;
        $changed = $item->more['drop']
            ? $this->baseline->drop($kind, $key)
            : $this->baseline->merge($kind, $key, $item->fields);
        $state = (array)($this->baseline->of($kind, [$key])[$key] ?? []);
        $more = ['kind' => $kind];
        return new outcome($changed ? outcome::UPDATED : outcome::UNCHANGED, null, $state, $more, false);
    }
}
