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
 * One item of a feedback, as it goes over the wire and as Moodle keeps it.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync\local\feedback;

use local_moodlesync\local\failure;
use local_moodlesync\local\payload;

/**
 * Translates items: type, question, options and whether an answer is required.
 *
 * How an item is shown (a list to drop down, the width of a text, the range of a number) has no word here: what was chosen
 * in Moodle stays. A scale is Moodle's rated choice with 1, 2, 3, … points, so that Moodle itself can give averages.
 */
final class feedback_item {
    /** @var string what has no word here, or is not as our words would make it. Kept, moved, removed; never written. */
    public const OTHER = 'other';

    /** Types without options, by Moodle's. */
    private const PLAIN = [
        'textfield' => 'text',
        'textarea' => 'longtext',
        'numeric' => 'number',
        'label' => 'label',
        'pagebreak' => 'pagebreak',
    ];

    /** Types with options, each with the fewest that it may have. */
    private const CHOICES = ['scale' => 2, 'choice' => 2, 'choices' => 1];

    /** Types to which nobody answers. */
    private const SILENT = ['label', 'pagebreak'];

    /** What Moodle puts between the parts of a list of options. */
    private const MARKS = '~\||####|>>>>>|<<<<<|[\x00-\x1f]~';

    /** What a new item of a type without options is shown like. */
    private const DISPLAY = ['textfield' => '30|255', 'textarea' => '30|5', 'numeric' => '-|-', 'label' => '', 'pagebreak' => ''];

    /**
     * Validates the list of items.
     *
     * @param payload $payload the fields
     * @param string $name the field
     * @return array[]
     */
    public static function parse_list(payload $payload, string $name): array {
        $list = [];
        foreach ($payload->objects($name) as $object) {
            $item = self::parse($object);
            if (isset($list[$item['key']])) {
                throw failure::payload($object->at('key'), 'is there twice');
            }
            $list[$item['key']] = $item;
        }
        return array_values($list);
    }

    /**
     * Validates an item. What has no key of ours is taken as it was answered, whatever its texts hold.
     *
     * @param payload $payload the item
     * @return array
     */
    private static function parse(payload $payload): array {
        $payload->only('key', 'type', 'question', 'options', 'required');
        $key = $payload->html('key');
        $ours = !preg_match('~^\?[1-9]\d{0,17}\z~', $key);
        $type = $payload->choice('type', array_merge(array_keys(self::CHOICES), array_values(self::PLAIN), [self::OTHER]));
        $item = [
            'key' => $ours ? $payload->key('key') : $key,
            'type' => $type,
            'question' => $type === 'pagebreak' && !$payload->has('question') ? '' : self::question($payload, $type, $ours),
        ];
        if (isset(self::CHOICES[$type])) {
            $item['options'] = self::options($payload, self::CHOICES[$type], $ours);
        } else if ($payload->has('options') && $payload->raw('options') !== []) {
            throw failure::payload($payload->at('options'), "is nothing that a $type has");
        }
        $item['required'] = $payload->has('required') && $payload->bool('required');
        if ($item['required'] && in_array($type, self::SILENT, true)) {
            throw failure::payload($payload->at('required'), "must be false: nobody answers a $type");
        }
        return $item;
    }

    /**
     * Validates a question.
     *
     * @param payload $payload the item
     * @param string $type its type
     * @param bool $ours whether it has a key
     * @return string
     */
    private static function question(payload $payload, string $type, bool $ours): string {
        global $DB;
        $text = $payload->html('question');
        $longest = $DB->get_columns('feedback_item')['name']->max_length;
        return match (true) {
            $type === 'label', $type === self::OTHER => $text,
            $type === 'pagebreak' => $text === '' ? '' : throw failure::payload($payload->at('question'), 'must be empty'),
            $ours => $payload->text('question', $longest),
            \core_text::strlen($text) > $longest =>
                throw failure::payload($payload->at('question'), "is longer than $longest characters"),
            default => $text,
        };
    }

    /**
     * Validates options.
     *
     * @param payload $payload the item
     * @param int $least how many there must be
     * @param bool $ours whether the item has a key
     * @return string[]
     */
    private static function options(payload $payload, int $least, bool $ours): array {
        $list = $payload->raw('options');
        if (!is_array($list) || count($list) < $least) {
            throw failure::payload($payload->at('options'), "must be an array of at least $least");
        }
        foreach ($list as $i => $option) {
            $reason = match (true) {
                !is_string($option) || trim($option) !== $option || $option === '' => 'must be a text, without spaces at its ends',
                (bool)preg_match(self::MARKS, $option) => 'must be one line without |, ####, >>>>> and <<<<<: Moodle uses these',
                $ours && clean_param($option, PARAM_TEXT) !== $option => 'must be plain text, without tags',
                default => null,
            };
            if ($reason) {
                throw failure::payload($payload->at("options[$i]"), $reason);
            }
        }
        return $list;
    }

    /**
     * An item that is there.
     *
     * @param \stdClass $row row of feedback_item
     * @param string $key its key, or "?<id>"
     * @return array
     */
    public static function state(\stdClass $row, string $key): array {
        [$type, $options] = isset(self::PLAIN[$row->typ]) ? [self::PLAIN[$row->typ], null] : self::choices($row);
        $question = match ($type) {
            'label' => (string)$row->presentation,
            'pagebreak' => '',
            default => (string)$row->name,
        };
        return ['key' => $key, 'type' => $type, 'question' => $question]
            + ($options === null ? [] : ['options' => $options])
            + ['required' => (bool)$row->required && !in_array($type, self::SILENT, true)];
    }

    /**
     * Type and options of an item that has some.
     *
     * @param \stdClass $row row of feedback_item
     * @return array type, list of texts or null
     */
    private static function choices(\stdClass $row): array {
        $rated = $row->typ === 'multichoicerated';
        if (!$rated && $row->typ !== 'multichoice') {
            return [self::OTHER, null];
        }
        [$subtype, $lines] = self::split($row);
        $options = [];
        foreach ($lines as $i => $line) {
            [$points, $text] = $rated ? explode('####', $line, 2) + [1 => ''] : [$i + 1, $line];
            $options[] = trim($text);
            if ((string)$points !== (string)($i + 1) || $options[$i] === '' || preg_match(self::MARKS, $options[$i])) {
                return [self::OTHER, null];
            }
        }
        $type = $rated ? 'scale' : ($subtype === 'c' ? 'choices' : 'choice');
        return count($options) < self::CHOICES[$type] ? [self::OTHER, null] : [$type, $options];
    }

    /**
     * The parts of how Moodle keeps options: "r>>>>>1####never|2####always<<<<<1".
     *
     * @param \stdClass $row row of feedback_item
     * @return array subtype (r radio, d drop down, c check), lines, what comes behind them
     */
    private static function split(\stdClass $row): array {
        [$subtype, $rest] = explode('>>>>>', (string)$row->presentation, 2) + [1 => ''];
        [$lines, $behind] = explode('<<<<<', $rest, 2) + [1 => null];
        return [$subtype, array_map('trim', explode('|', $lines)), $behind === null ? '' : "<<<<<$behind"];
    }

    /**
     * What is to be written of an item.
     *
     * @param array $item validated item
     * @param \stdClass|null $row row of feedback_item as it is, null for a new one
     * @return array column => value
     */
    public static function columns(array $item, ?\stdClass $row): array {
        $type = $item['type'];
        $typ = array_search($type, self::PLAIN, true) ?: ($type === 'scale' ? 'multichoicerated' : 'multichoice');
        $same = $row && $row->typ === $typ;
        return [
            'typ' => $typ,
            'name' => match ($type) {
                'label' => 'label', // As Moodle's own form has it.
                'pagebreak' => '',
                default => $item['question'],
            },
            'presentation' => match (true) {
                $type === 'label' => $item['question'],
                isset($item['options']) => self::presentation($item, $same ? $row : null),
                default => $same ? $row->presentation : self::DISPLAY[$typ],
            },
            'hasvalue' => (int)!in_array($type, self::SILENT, true),
            'required' => (int)$item['required'],
            // Without "not selected" among the options.
            'options' => $same ? $row->options : (in_array($type, ['scale', 'choice'], true) ? 'h' : ''),
        ];
    }

    /**
     * Options as Moodle keeps them.
     *
     * @param array $item validated item
     * @param \stdClass|null $row row of feedback_item of the same type, whose display stays
     * @return string
     */
    private static function presentation(array $item, ?\stdClass $row): string {
        $radio = $item['type'] !== 'choices';
        [$subtype, , $behind] = $row ? self::split($row) : ['', [], ''];
        if (!in_array($subtype, $radio ? ['r', 'd'] : ['c'], true)) {
            [$subtype, $behind] = [$radio ? 'r' : 'c', ''];
        }
        $lines = $item['options'];
        if ($item['type'] === 'scale') {
            $lines = array_map(fn($i, $text) => ($i + 1) . "####$text", array_keys($lines), $lines);
        }
        return "$subtype>>>>>" . implode('|', $lines) . $behind;
    }
}
