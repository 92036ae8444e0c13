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
 * Reads a file of questions with Moodle's own parsers.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync\local\questions;

use local_moodlesync\local\failure;
use local_moodlesync\local\payload;

/**
 * The questions of a GIFT or Moodle XML text, by the id that the file gives them.
 */
final class question_file {
    /**
     * Parses a text.
     *
     * @param string $format gift or xml
     * @param string $text the text
     * @param \stdClass $course the course
     * @param string $path of the text in the request
     * @return \stdClass[] parsed questions by id, in the order of the file
     */
    public static function read(string $format, string $text, \stdClass $course, string $path): array {
        [$parsed, $complaints] = self::parse($format, $text, $course);
        if ($complaints !== '') {
            throw new failure('badquestions', $path, $complaints);
        }
        $questions = [];
        foreach ($parsed as $question) {
            if ($question->qtype === 'category') {
                continue;
            }
            $id = (string)($question->idnumber ?? '');
            if (!payload::is_key($id)) {
                $problem = $id === '' ? 'has no id' : "has an id that is no key: $id";
                throw new failure('badquestions', $path, "\"$question->name\" $problem");
            }
            if (isset($questions[$id])) {
                throw new failure('badquestions', $path, "the id $id is there twice");
            }
            $questions[$id] = self::with_valid_fractions($question, $path);
        }
        return $questions;
    }

    /**
     * Runs the parser, which prints what it does not like.
     *
     * @param string $format gift or xml
     * @param string $text the text
     * @param \stdClass $course the course
     * @return array parsed questions, and what the parser printed when it found errors
     */
    private static function parse(string $format, string $text, \stdClass $course): array {
        global $CFG;
        require_once($CFG->libdir . '/questionlib.php');
        require_once($CFG->dirroot . '/question/format.php');
        require_once($CFG->dirroot . "/question/format/$format/format.php");
        $class = "qformat_$format";
        $parser = new $class();
        $parser->setCourse($course);
        $text = preg_replace('~\r\n?~', "\n", \core_text::trim_utf8_bom($text));
        if ($format === 'xml' && !preg_match('~<question[\s>]~', $text)) {
            return [[], trim($text) === '' ? '' : 'no <question> in it'];
        }
        ob_start();
        try {
            // The method is protected: Moodle's own import parses and stores in one go.
            $parsed = (fn($lines) => $this->readquestions($lines))->call($parser, preg_split('~(?<=\n)~', $text));
        } finally {
            $printed = ob_get_clean();
        }
        $printed = trim(preg_replace('~\s+~', ' ', html_to_text($printed, 0, false)));
        $bad = $parser->importerrors > 0 || !is_array($parsed);
        return [$bad ? [] : $parsed, $bad ? ($printed ?: 'cannot be read') : ''];
    }

    /**
     * Replaces the fractions of answers by the ones that Moodle knows (33.333 % is a third), or refuses.
     *
     * @param \stdClass $question parsed question
     * @param string $path of the text in the request
     * @return \stdClass
     */
    private static function with_valid_fractions(\stdClass $question, string $path): \stdClass {
        if (!empty($question->fraction) && is_array($question->fraction)) {
            $known = \question_bank::fraction_options_full();
            foreach ($question->fraction as $i => $fraction) {
                $matched = match_grade_options($known, $fraction, 'error');
                if ($matched === false) {
                    throw new failure('badquestions', $path, "\"$question->name\": Moodle knows no answer worth $fraction");
                }
                $question->fraction[$i] = $matched;
            }
        }
        return $question;
    }

    /**
     * A digest of a parsed question, files included.
     *
     * @param \stdClass $question parsed question
     * @return string sha256 in hex
     */
    public static function digest(\stdClass $question): string {
        $members = get_object_vars($question);
        unset($members['course']); // The parser puts the whole course into Cloze questions, times of change and all.
        return hash('sha256', json_encode(self::comparable($members), JSON_PARTIAL_OUTPUT_ON_ERROR));
    }

    /**
     * The same with draft areas (another id each time) replaced by the digests of their files.
     *
     * @param mixed $value part of a parsed question
     * @return mixed
     */
    private static function comparable(mixed $value): mixed {
        global $USER;
        if (!is_object($value) && !is_array($value)) {
            return is_numeric($value) ? (string)(float)$value : $value;
        }
        $result = [];
        foreach ((array)$value as $name => $part) {
            if (str_ends_with((string)$name, 'itemid')) {
                $files = get_file_storage()->get_area_files(
                    \context_user::instance($USER->id)->id,
                    'user',
                    'draft',
                    (int)$part,
                    'filepath, filename',
                    false
                );
                $part = array_map(fn($file) => $file->get_filename() . ':' . $file->get_contenthash(), array_values($files));
            }
            $result[$name] = self::comparable($part);
        }
        ksort($result, SORT_STRING);
        return $result;
    }
}
